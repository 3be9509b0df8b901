import type { ExplorerTab } from './explorer.js';

/**
 * The ready-made tabs: start an ingestion, watch it, ask about it, list what happened.
 *
 * @param mappingId - a mapping that can be started right away, or a placeholder
 */
export function toExplorerTabs(mappingId: string): readonly ExplorerTab[] {
  const ref = { mappingId, requestId: '1' };
  return [
    { name: '1 Start', query: START, variables: { mappingId } },
    { name: '2 Watch', query: WATCH, variables: ref },
    { name: '3 Ask', query: ASK, variables: ref },
    { name: '4 List', query: LIST, variables: ref },
    { name: '5 Everything', query: ACTIVITY, variables: {} },
  ];
}

const START = `# Starts an ingestion. Put the requestId of the answer into the variables of the next tabs.
mutation Start($mappingId: ID!) {
  startIngestion(input: { mappingId: $mappingId }) {
    __typename
    ... on IngestionSubmitted { message request { requestId status startedAt } }
    ... on IngestionAlreadyInProgress { message request { requestId status startedAt } }
    ... on StartIngestionFailure { mappingId message }
  }
}
`;

const WATCH = `# Every change of the request's status, from its first to its last. Set requestId in the variables.
subscription Watch($mappingId: ID!, $requestId: ID!, $after: Cursor) {
  ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId, after: $after) {
    cursor
    from
    to
    observedAt
    numRecords
    failure { code message retryable }
  }
}
`;

const ASK = `# Where the request stands now, and how it is being watched.
query Ask($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(mappingId: $mappingId, requestId: $requestId) {
    status
    numRecords
    batchId
    info
    failure { code message retryable }
    lastObservedAt
    watch { lastPolledAt nextPollAt consecutiveFailures lastFailure { code message } }
  }
}
`;

const LIST = `# Everything this gateway saw happen to the request.
query List($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(mappingId: $mappingId, requestId: $requestId) {
    transitions(first: 50) {
      nodes { cursor from to observedAt info }
      pageInfo { hasNextPage endCursor }
    }
  }
}
`;

const ACTIVITY = `# What happens to any request, from now on.
subscription Everything($mappingIds: [ID!], $after: Cursor) {
  ingestionActivity(mappingIds: $mappingIds, after: $after) {
    cursor
    from
    to
    observedAt
    request { mappingId requestId numRecords }
  }
}
`;
