import type { ExplorerContent } from './explorer.js';

/**
 * The ready-made tabs: start an ingestion, watch it, query it, list what happened.
 *
 * The first tab passes its request on to the others, through the variables `{{mappingId}}` and `{{requestId}}` of the
 * explorer's environment.
 *
 * With sign-in, each sends `{{token}}`, which users set in that environment once.
 *
 * @param mappingId - a mapping that can be started right away, or a placeholder
 */
export function toExplorerContent(mappingId: string, hasSignIn: boolean): ExplorerContent {
  const ref = { mappingId: '{{mappingId}}', requestId: '{{requestId}}' };
  return {
    tabs: [
      { name: 'Start', query: START, variables: { mappingId }, onAnswer: HAND_ON },
      { name: 'Watch', query: WATCH, variables: ref },
      { name: 'Status', query: STATUS, variables: ref },
      { name: 'List', query: LIST, variables: {} },
      { name: 'Changes', query: CHANGES, variables: {} },
    ],
    environment: { mappingId, requestId: '1', ...(hasSignIn && { token: '' }) },
    authorization: hasSignIn ? 'Bearer {{token}}' : null,
  };
}

/** Runs with every answer in its tab, even the schema's. A refused start has no request to pass on. */
const HAND_ON = `// Passes the request on to the next tabs.
const { body } = altair.response;
const { data } = typeof body === 'string' ? JSON.parse(body) : body;
const started = data?.startIngestion?.request;
if (started) {
  await altair.helpers.setEnvironment('mappingId', started.mappingId, true);
  await altair.helpers.setEnvironment('requestId', started.requestId, true);
}
`;

const START = `# Starts an ingestion: press "Send Request", then go on to the tab "Watch".
# The next tabs know which request you started. To start another mapping, change VARIABLES below.
mutation Start($mappingId: ID!) {
  startIngestion(input: { mappingId: $mappingId }) {
    __typename
    ... on IngestionSubmitted {
      message
      request { mappingId requestId status startedAt }
    }
    ... on IngestionAlreadyInProgress {
      message
      request { mappingId requestId status startedAt }
    }
    ... on StartIngestionFailure {
      mappingId
      message
    }
  }
}
`;

const WATCH = `# Every change of the request's status as it happens, from its first to its last, each with its time.
# It begins with past changes, and completes after the last one.
subscription Watch($mappingId: ID!, $requestId: ID!, $after: Cursor) {
  ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId, after: $after) {
    from
    to
    observedAt
    numRecords
    failure { code message isRetryable }
    cursor
    request { batch { status numFailed errors { code description numRecords } } }
  }
}
`;

const STATUS = `# The request's current status, how it is being watched, and what Platform says about its batch if it failed.
query Status($mappingId: ID!, $requestId: ID!) {
  ingestionStatus(mappingId: $mappingId, requestId: $requestId) {
    status
    numRecords
    batchId
    info
    failure { code message isRetryable }
    batch { status numRecords numIngested numFailed errors { code description numRecords } }
    lastObservedAt
    watch { lastPolledAt nextPollAt consecutiveFailures lastFailure { code message } }
  }
}
`;

const LIST = `# All requests that this gateway has seen, newest first, and their transitions.
query List($first: Int! = 10, $after: Cursor) {
  ingestionRequests(first: $first, after: $after) {
    nodes {
      mappingId
      requestId
      status
      numRecords
      startedAt
      transitions(first: 10) { nodes { from to observedAt info } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const CHANGES = `# Transitions of all requests, from the newest one on, until you press "Cancel". Start some in the tab "Start".
subscription Changes($mappingIds: [ID!], $after: Cursor) {
  ingestionActivity(mappingIds: $mappingIds, after: $after) {
    from
    to
    observedAt
    numRecords
    request { mappingId requestId }
    cursor
  }
}
`;
