import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type GraphQLSchema,
  isInterfaceType,
  Kind,
  parse,
  parseType,
  printSchema,
  visit,
} from 'graphql';
import { createResolversMap } from 'type-graphql';
import { BadUserInputError } from '../../ingestion/gateway-error.js';
import type { OperationContext } from '../../resolvers/operation-context.js';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])';

/** Each subgraph would only answer for its own ids; a router finds ours as entities. */
const ROOT_FIELDS_LEFT_OUT: ReadonlySet<string> = new Set(['node', 'nodes']);

/**
 * The schema as a subgraph of an Apollo federation: nodes are entities by their ids, and other subgraphs can share
 * pages, with cursors that are strings.
 *
 * @param findNode - looks up an entity for a router; null if there is none, or the caller may not see it
 */
export function toSubgraphSchema(
  schema: GraphQLSchema,
  findNode: (id: string, context: OperationContext) => Promise<object | null>,
): GraphQLSchema {
  const node = schema.getType('Node');
  const nodeNames = isInterfaceType(node)
    ? schema.getPossibleTypes(node).map(({ name }) => name)
    : [];
  const resolvers = createResolversMap(schema) as Record<string, Record<string, unknown>>;
  const references = Object.fromEntries(
    nodeNames.map((name) => [
      name,
      { ...resolvers[name], __resolveReference: toReference(name, findNode) },
    ]),
  );
  const { node: _node, nodes: _nodes, ...query } = resolvers.Query ?? {};
  const subgraph = buildSubgraphSchema({
    typeDefs: toSubgraphDocument(parse(`${printSchema(schema)}\n${LINK}`), new Set(nodeNames)),
    // biome-ignore lint/suspicious/noExplicitAny: both libraries define their own types for the same
    resolvers: { ...resolvers, ...references, Query: query } as any,
  });
  checkRepresentations(subgraph, new Set(nodeNames));
  return subgraph;
}

/** The library would report an unknown representation as a bug in the gateway. */
function checkRepresentations(subgraph: GraphQLSchema, nodeNames: ReadonlySet<string>) {
  const entities = subgraph.getQueryType()?.getFields()._entities;
  const resolve = entities?.resolve;
  if (!entities || !resolve) return;
  entities.resolve = (root, args: { readonly representations: unknown[] }, context, info) => {
    for (const representation of args.representations) {
      if (isOfEntity(representation, nodeNames)) continue;
      throw new BadUserInputError(
        `A representation has an id, which is a string, and one of these as __typename: ${[...nodeNames].join(', ')}.`,
      );
    }
    return resolve(root, args, context, info);
  };
}

function isOfEntity(representation: unknown, nodeNames: ReadonlySet<string>): boolean {
  if (typeof representation !== 'object' || representation === null) return false;
  const { __typename, id } = representation as Record<string, unknown>;
  return typeof __typename === 'string' && nodeNames.has(__typename) && typeof id === 'string';
}

function toReference(
  name: string,
  findNode: (id: string, context: OperationContext) => Promise<object | null>,
) {
  return async ({ id }: { readonly id: string }, context: OperationContext) => {
    const found = await findNode(id, context);
    return found?.constructor.name === name ? found : null;
  };
}

function toSubgraphDocument(document: DocumentNode, nodeNames: ReadonlySet<string>): DocumentNode {
  return visit(document, {
    ObjectTypeDefinition(type) {
      const name = type.name.value;
      if (nodeNames.has(name)) return { ...type, directives: toDirectives('@key(fields: "id")') };
      if (name === 'PageInfo') {
        const fields = type.fields?.map(withTextCursor);
        return { ...type, directives: toDirectives('@shareable'), ...(fields && { fields }) };
      }
      if (name !== 'Query') return undefined;
      const fields = type.fields?.filter((field) => !ROOT_FIELDS_LEFT_OUT.has(field.name.value));
      return { ...type, ...(fields && { fields }) };
    },
  });
}

function withTextCursor(field: FieldDefinitionNode): FieldDefinitionNode {
  return field.name.value.endsWith('Cursor') ? { ...field, type: parseType('String') } : field;
}

function toDirectives(text: string): readonly ConstDirectiveNode[] {
  const [extension] = parse(`extend type T ${text}`).definitions;
  return extension?.kind === Kind.OBJECT_TYPE_EXTENSION ? (extension.directives ?? []) : [];
}
