import { describe, expect, it } from '@jest/globals';
import { publicExposure } from '../support/exposure.js';
import { shareGateway } from '../support/shared-gateway.js';

const { gateway } = shareGateway(async () => ({
  exposure: { ...publicExposure, audience: 'everybody' },
}));

async function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

describe('with the settings of production, over HTTP alone,', () => {
  const query = '{ __typename }';
  const data = { data: { __typename: 'Query' } };

  it('a batch is refused (array batching)', async () => {
    const response = await post(Array.from({ length: 10 }, () => ({ query })));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ message: 'Operation batching disabled.' }],
    });
  });

  it('a GET is allowed for a program, and refused if a page could have sent it (GET method, CSRF)', async () => {
    const url = `${gateway.url}/graphql?query=${encodeURIComponent(query)}`;
    const byPage = await fetch(url, { headers: { origin: 'https://evil.example' } });
    expect(byPage.status).toBe(403);
    expect(await (await fetch(url)).json()).toEqual(data);
  });

  it('a mutation by GET is refused (GET-based mutation)', async () => {
    const mutation = 'mutation { startIngestion(input: { mappingId: "x" }) { __typename } }';
    const response = await fetch(`${gateway.url}/graphql?query=${encodeURIComponent(mutation)}`, {
      headers: { 'apollo-require-preflight': 'yes' },
    });
    expect(response.status).toBe(405);
  });

  it('a form is refused (POST url-encoded CSRF)', async () => {
    const response = await post(`query=${encodeURIComponent(query)}`, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(response.status).toBe(415);
  });

  it.each(['/explorer/', '/graphiql', '/playground', '/console', '/graphql'])(
    'the explorer is missing at %s (GraphiQL, IDE)',
    async (path) => {
      const response = await fetch(`${gateway.url}${path}`, { headers: { accept: 'text/html' } });
      expect(response.headers.get('content-type')).not.toContain('text/html');
      expect(response.ok).toBe(false);
    },
  );
});
