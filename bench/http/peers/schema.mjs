/** What the peers serve: the part of Sluice's schema that the bench asks for. */
export const typeDefs = `
  type IngestionRequest { requestId: ID! status: String! numRecords: Int info: String! }
  type Query { ingestionStatus(mappingId: ID!, requestId: ID!): IngestionRequest }
`;

/** What the upstream says, in the words of the schema. */
export function toRequest({ requestId, status, numRecords, info }) {
  const hasEnded = status === 'Success';
  return {
    requestId,
    status: hasEnded ? 'SUCCESS' : 'IN_PROGRESS',
    numRecords: hasEnded ? numRecords : null,
    info,
  };
}

/** Where the upstream answers for a request. */
export function toPath({ mappingId, requestId }) {
  const search = new URLSearchParams({ mappingId, requestId });
  return `/status?${search}`;
}
