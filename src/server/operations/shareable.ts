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
 * The fields of which an answer may be given again: those that follow from the request they are of, and those
 * whose resolvers say under which conditions they would come out the same. No other is, so that a new one is
 * looked up each time until somebody has thought about it.
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

/** Whether an answer to this operation may be given again, as long as the conditions hold that its fields name. */
export type Shareable = (document: DocumentNode, operation: OperationDefinitionNode) => boolean;

/** Documents are kept by those who parse them; what was found of them is kept as long. */
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
