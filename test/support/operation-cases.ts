import type { Right } from '../../src/ingestion/caller.js';
import { toGlobalId } from '../../src/schema/global-id.js';

/** The mapping that is asked about, and a mapping of somebody else. */
export const MINE = 'mine-1';
export const THEIRS = 'theirs-1';
const ref = { mappingId: MINE, requestId: '1' };

/** An operation about the mapping, and what a caller needs for it. */
export interface OperationCase {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly needs: Right;
  /** The result for a caller who may not see the mapping. */
  readonly hidden: string;
  /** An answer without errors, as one word. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the query asks for
  readonly toWord: (data: any) => string;
}

const word = (isSeen: unknown) => (isSeen ? 'seen' : 'absent');
const requestFields = `mappingId requestId startedBy attempt retryOf { requestId }
  retriedBy { requestId } watch { nextPollAt } transitions { nodes { to } }`;
const outcome = `__typename ... on IngestionSubmitted { request { ${requestFields} } }
  ... on StartIngestionError { code }`;
// biome-ignore lint/suspicious/noExplicitAny: an answer
const toStartWord = ({ __typename: type, code, request }: any) =>
  type === 'StartIngestionError' ? code : word(request.mappingId === MINE);

/** Every operation that shows or starts a request. */
export const operations: Record<string, OperationCase> = {
  ingestionStatus: {
    query: `query ($mappingId: ID!, $requestId: ID!) {
      ingestionStatus(mappingId: $mappingId, requestId: $requestId) { ${requestFields} } }`,
    variables: ref,
    needs: 'ingestion:read',
    hidden: 'absent',
    toWord: ({ ingestionStatus }) => word(ingestionStatus?.requestId === '1'),
  },
  ingestionStatuses: {
    query: `query ($requests: [IngestionRequestRef!]!) {
      ingestionStatuses(requests: $requests) { ${requestFields} } }`,
    variables: { requests: [ref] },
    needs: 'ingestion:read',
    hidden: 'absent',
    toWord: ({ ingestionStatuses }) => word(ingestionStatuses[0]),
  },
  ingestionRequests: {
    query: `{ ingestionRequests(first: 10) { nodes { ${requestFields} } } }`,
    variables: {},
    needs: 'ingestion:read',
    hidden: 'absent',
    toWord: ({ ingestionRequests: { nodes } }) =>
      word(nodes.some(({ mappingId }: { mappingId: string }) => mappingId === MINE)),
  },
  'ingestionRequests of the mapping': {
    query: `query ($filter: IngestionRequestFilter) {
      ingestionRequests(filter: $filter) { nodes { ${requestFields} } } }`,
    variables: { filter: { mappingIds: [MINE] } },
    needs: 'ingestion:read',
    hidden: 'absent',
    toWord: ({ ingestionRequests: { nodes } }) => word(nodes.length > 0),
  },
  node: {
    query: `query ($id: ID!) { node(id: $id) { id ... on IngestionRequest { ${requestFields} } } }`,
    variables: { id: toGlobalId({ kind: 'IngestionRequest', ref }) },
    needs: 'ingestion:read',
    hidden: 'absent',
    toWord: ({ node }) => word(node?.requestId === '1'),
  },
  nodes: {
    query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
    variables: { ids: [toGlobalId({ kind: 'IngestionRequest', ref })] },
    needs: 'ingestion:read',
    hidden: 'absent',
    toWord: ({ nodes }) => word(nodes[0]),
  },
  'requests of a mapping': {
    query: `{ mapping(mappingId: "${MINE}") { requests { nodes { ${requestFields} } } } }`,
    variables: {},
    needs: 'ingestion:read',
    hidden: 'absent',
    toWord: ({ mapping }) => word(mapping?.requests.nodes.length > 0),
  },
  startIngestion: {
    query: `mutation { startIngestion(input: { mappingId: "${MINE}" }) { ${outcome} } }`,
    variables: {},
    needs: 'ingestion:start',
    hidden: 'FORBIDDEN',
    toWord: ({ startIngestion }) => toStartWord(startIngestion),
  },
  startIngestions: {
    query: `mutation { startIngestions(inputs: [{ mappingId: "${MINE}" }]) { ${outcome} } }`,
    variables: {},
    needs: 'ingestion:start',
    hidden: 'FORBIDDEN',
    toWord: ({ startIngestions: [first] }) => toStartWord(first),
  },
  ingestionStatusChanged: {
    query: `subscription ($mappingId: ID!, $requestId: ID!) {
      ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId) { to request { ${requestFields} } } }`,
    variables: ref,
    needs: 'ingestion:read',
    hidden: 'INGESTION_REQUEST_NOT_FOUND',
    toWord: ({ ingestionStatusChanged }) => word(ingestionStatusChanged.to === 'SUCCESS'),
  },
  ingestionActivity: {
    query: `subscription ($after: Cursor) {
      ingestionActivity(after: $after) { to request { ${requestFields} } } }`,
    variables: {},
    needs: 'ingestion:read',
    // The first event is of another mapping.
    hidden: 'absent',
    toWord: ({ ingestionActivity }) => word(ingestionActivity.request.mappingId === MINE),
  },
};

/** The answer as one word: `seen`, `absent`, or the error’s code. */
export function toWord(
  { toWord }: OperationCase,
  // biome-ignore lint/suspicious/noExplicitAny: whatever the query asks for
  { data, errors }: { data?: any; errors?: readonly { extensions?: { code?: unknown } }[] },
): string {
  return errors ? String(errors[0]?.extensions?.code) : toWord(data);
}
