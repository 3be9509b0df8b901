/**
 * Ask a gateway over HTTP.
 *
 * @param url - the gateway’s, without a path
 * @param headers - such as an authorization
 */
export async function askGateway(
  url: string,
  query: string,
  headers: Readonly<Record<string, string>> = {},
  variables: Readonly<Record<string, unknown>> = {},
  // biome-ignore lint/suspicious/noExplicitAny: whatever the query asks for
): Promise<any> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}
