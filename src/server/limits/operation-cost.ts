import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isCompositeType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  typeFromAST,
  valueFromASTUntyped,
} from 'graphql';
import { fragmentsOf } from './operation-shape.js';

type Variables = Readonly<Record<string, unknown>>;

/** The cost of what may call another service: a root field, once or for each thing that it names, and a look-up. */
const CALL_COST = 10;

/** Types that are looked up elsewhere, each with its own call. */
const LOOKED_UP_TYPES: ReadonlySet<string> = new Set(['IngestionBatch', 'RejectConnection']);

/** The whole schema: the answer has some 60 KB. */
const INTROSPECTION_COST = 1_000;

/** The argument for the size of a page. */
const PAGE_SIZE_ARGUMENT = 'first';

/** The cost of an operation, and whether it depends on the variables. */
export interface OperationCost {
  readonly cost: number;
  readonly isOfAnyVariables: boolean;
}

/**
 * The maximum cost of a valid operation, before it is executed.
 *
 * Each field costs 1. Fields below a page count `first` times, and fields below a list that answers a list of
 * arguments (`requests`, `inputs`) as often as that list is long. No other field returns many things: the edges and
 * nodes of a page are its items, and the errors of a batch are of a few kinds. Root fields cost 10, for each thing
 * that they name. A batch or a page of rejects, which are looked up, costs 10.
 *
 * @param variables - as sent: a value that is no number or list counts as one, and is refused later
 */
export function measureCost(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Variables,
): OperationCost {
  const fragments = fragmentsOf(document);
  // Each fragment is measured once, however often it is spread: nested and doubled, they would take for ever.
  const measured = new Map<string, number>();
  const rootType = schema.getRootType(operation.operation);
  let isOfAnyVariables = true;

  function measure({ selections }: SelectionSetNode, type: GraphQLCompositeType): number {
    let cost = 0;
    for (const selection of selections) {
      switch (selection.kind) {
        case Kind.FIELD:
          cost += measureField(selection, type);
          break;
        case Kind.INLINE_FRAGMENT: {
          const { typeCondition } = selection;
          const narrowed = typeCondition ? typeFromAST(schema, typeCondition) : type;
          if (isCompositeType(narrowed)) cost += measure(selection.selectionSet, narrowed);
          break;
        }
        case Kind.FRAGMENT_SPREAD:
          cost += measureFragment(selection.name.value);
      }
    }
    return cost;
  }

  function measureFragment(name: string): number {
    const known = measured.get(name);
    if (known !== undefined) return known;
    const fragment = fragments.get(name);
    const type = fragment && typeFromAST(schema, fragment.typeCondition);
    if (!isCompositeType(type)) return 0;
    const cost = measure(fragment?.selectionSet as SelectionSetNode, type);
    measured.set(name, cost);
    return cost;
  }

  function measureField(node: FieldNode, parent: GraphQLCompositeType): number {
    const name = node.name.value;
    if (name === '__typename') return 1;
    const hasFields = isObjectType(parent) || isInterfaceType(parent);
    const field = hasFields ? parent.getFields()[name] : undefined;
    if (!field) return INTROSPECTION_COST;
    const type = getNamedType(field.type);
    const below = node.selectionSet && isCompositeType(type) ? measure(node.selectionSet, type) : 0;
    const count = countOf(field, node.arguments ?? []);
    const own = LOOKED_UP_TYPES.has(type.name) ? CALL_COST : 1;
    return parent === rootType ? count * (CALL_COST + below) : own + count * below;
  }

  /** The maximum number of things that the field returns or asks about. */
  function countOf({ args, type }: GraphQLField<unknown, unknown>, given: readonly ArgumentNode[]) {
    const isList = isListType(getNullableType(type));
    for (const { name, type: argType, defaultValue } of args) {
      const isPageSize = name === PAGE_SIZE_ARGUMENT;
      if (!isPageSize && !(isList && isListType(getNullableType(argType)))) continue;
      const node = given.find((argument) => argument.name.value === name);
      const value = (node && givenValue(node)) ?? defaultValue;
      return isPageSize ? toCount(value) : Array.isArray(value) ? Math.max(1, value.length) : 1;
    }
    return 1;
  }

  function givenValue({ value }: ArgumentNode): unknown {
    if (value.kind !== Kind.VARIABLE) return valueFromASTUntyped(value, variables);
    isOfAnyVariables = false;
    const name = value.name.value;
    if (Object.hasOwn(variables, name)) return variables[name];
    const definition = operation.variableDefinitions?.find((d) => d.variable.name.value === name);
    return definition?.defaultValue && valueFromASTUntyped(definition.defaultValue);
  }

  const cost = rootType ? measure(operation.selectionSet, rootType) : 0;
  return { cost, isOfAnyVariables };
}

function toCount(value: unknown): number {
  return typeof value === 'number' ? Math.max(1, value) : 1;
}
