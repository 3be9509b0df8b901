/** Codes of well-formed requests with an invalid document or invalid variables. */
const documentErrors: ReadonlySet<unknown> = new Set([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
]);

/**
 * The HTTP status of a GraphQL answer.
 *
 * If a client accepts only `application/json`, nothing in between must confuse the answer with another server's JSON
 * error: GraphQL over HTTP says that such a request SHOULD get 200 even if its document or its variables are invalid.
 * `application/graphql-response+json` keeps its 400.
 *
 * @see https://graphql.github.io/graphql-over-http/draft/#sec-application-json
 */
export function toHttpStatus(status: number, contentType: unknown, body: unknown): number {
  const isPlainJson = typeof contentType === 'string' && contentType.startsWith('application/json');
  if (status !== 400 || !isPlainJson || typeof body !== 'string') return status;
  const { errors } = JSON.parse(body) as { errors?: { extensions?: { code?: unknown } }[] };
  const isDocumentError = errors?.every(({ extensions }) => documentErrors.has(extensions?.code));
  return isDocumentError ? 200 : status;
}
