import {
  type DocumentNode,
  type GraphQLSchema,
  type OperationDefinitionNode,
  OperationTypeNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';

/**
 * The fields whose answers may be shared: those that follow from their request, and those whose resolvers note the
 * conditions under which they stay the same. No others, so that a new field is resolved each time until somebody has
 * thought about it.
 */
const shareableFields: Readonly<Record<string, readonly string[]>> = {
  Query: ['ingestionStatus', 'ingestionStatuses', 'node', 'ingestionRequests'],
  Node: ['id'],
  IngestionRequest: [
    'id',
    'mappingId',
    'requestId',
    'status',
    'isTerminal',
    'numRecords',
    'batchId',
    'info',
    'failure',
    'startedAt',
    'firstObservedAt',
    'finishedAt',
    'durationMs',
    'lastObservedAt',
  ],
  IngestionFailure: ['code', 'message', 'isRetryable'],
  IngestionRequestConnection: ['edges', 'nodes', 'pageInfo'],
  IngestionRequestEdge: ['cursor', 'node'],
  PageInfo: ['hasNextPage', 'hasPreviousPage', 'startCursor', 'endCursor'],
};

/** Whether an answer to this operation may be shared while the conditions of its fields hold. */
export type Shareable = (document: DocumentNode, operation: OperationDefinitionNode) => boolean;

/** Parsed documents are cached elsewhere; results are kept as long as those. */
export function createShareable(schema: GraphQLSchema): Shareable {
  const known = new WeakMap<DocumentNode, boolean>();

  function hasOnlyShareableFields(document: DocumentNode): boolean {
    const types = new TypeInfo(schema);
    let isShareable = true;
    visit(
      document,
      visitWithTypeInfo(types, {
        Field({ name: { value } }) {
          const type = types.getParentType()?.name ?? '';
          isShareable &&= value === '__typename' || shareableFields[type]?.includes(value) === true;
        },
      }),
    );
    return isShareable;
  }

  return (document, operation) => {
    if (operation.operation !== OperationTypeNode.QUERY) return false;
    const isShareable = known.get(document) ?? hasOnlyShareableFields(document);
    known.set(document, isShareable);
    return isShareable;
  };
}
