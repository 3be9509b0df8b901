import {
  type DocumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** The size of an operation. Fragments count wherever they are spread. */
export interface OperationShape {
  readonly depth: number;
  readonly aliases: number;
  /** The length of the longest alias: it is in the answer as often as its field, and in the path of each error. */
  readonly aliasLength: number;
  readonly directives: number;
  readonly rootFields: number;
}

/**
 * Measure a valid operation.
 *
 * Introspection (`__schema`, `__type`) counts as no depth, because the standard query is 13 deep. graphql-js itself
 * refuses cycles there.
 */
export function measureShape(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): OperationShape {
  const fragments = fragmentsOf(document);
  // Each fragment is measured once, however often it is spread: nested and doubled, they would take for ever.
  const measured = new Map<string, OperationShape>();

  function measure({ selections }: SelectionSetNode): OperationShape {
    return selections.map(measureSelection).reduce(add, nothing);
  }

  function measureSelection(selection: SelectionNode): OperationShape {
    const within = measureWithin(selection);
    const directives = within.directives + (selection.directives?.length ?? 0);
    if (selection.kind !== Kind.FIELD) return { ...within, directives };
    const isIntrospection = selection.name.value.startsWith('__');
    return {
      depth: isIntrospection ? 1 : 1 + within.depth,
      aliases: within.aliases + (selection.alias ? 1 : 0),
      aliasLength: Math.max(within.aliasLength, selection.alias?.value.length ?? 0),
      directives,
      rootFields: 1,
    };
  }

  function measureWithin(selection: SelectionNode): OperationShape {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return measureFragment(selection.name.value);
    return selection.selectionSet ? measure(selection.selectionSet) : nothing;
  }

  function measureFragment(name: string): OperationShape {
    const known = measured.get(name);
    if (known) return known;
    const fragment = fragments.get(name);
    if (!fragment) return nothing;
    const own = measure(fragment.selectionSet);
    const shape = { ...own, directives: own.directives + (fragment.directives?.length ?? 0) };
    measured.set(name, shape);
    return shape;
  }

  const shape = measure(operation.selectionSet);
  return { ...shape, directives: shape.directives + (operation.directives?.length ?? 0) };
}

/** The fragments of a document by their names. */
export function fragmentsOf(document: DocumentNode): ReadonlyMap<string, FragmentDefinitionNode> {
  const fragments = document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  return new Map(
    (fragments as FragmentDefinitionNode[]).map((fragment) => [fragment.name.value, fragment]),
  );
}

const nothing: OperationShape = {
  depth: 0,
  aliases: 0,
  aliasLength: 0,
  directives: 0,
  rootFields: 0,
};

function add(sum: OperationShape, more: OperationShape): OperationShape {
  return {
    depth: Math.max(sum.depth, more.depth),
    aliases: sum.aliases + more.aliases,
    aliasLength: Math.max(sum.aliasLength, more.aliasLength),
    directives: sum.directives + more.directives,
    rootFields: sum.rootFields + more.rootFields,
  };
}
