/** Codes of well-formed requests whose document or variables are at fault. */
const documentFaults: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

/**
 * The HTTP status of a GraphQL answer.
 *
 * Where a client accepts only `application/json`, that type must not be told apart from a plain JSON
 * error by anything on the way: GraphQL over HTTP says such a request SHOULD have 200 also where its
 * document or its variables are at fault. `application/graphql-response+json` keeps its 400.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-application-json
 */
export function toHttpStatus(status: number, contentType: unknown, body: unknown): number {
  const isPlainJson = typeof contentType === 'string' && contentType.startsWith('application/json');
  if (status !== 400 || !isPlainJson || typeof body !== 'string') return status;
  const { errors } = JSON.parse(body) as { errors?: { extensions?: { code?: unknown } }[] };
  const isDocumentFault = errors?.every(({ extensions }) => documentFaults.has(extensions?.code));
  return isDocumentFault ? 200 : status;
}
