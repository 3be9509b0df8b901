import { request } from 'undici';

export const API_KEY = 'key-1';
export const ADMIN = { clientId: 'admin-1', clientSecret: 'admin-secret-1' };
export const CLIENT = { clientId: 'client-1', clientSecret: 'secret-1' };

export interface Answer {
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly json: unknown;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Calls a service over HTTP, as a client that has signed in. */
export async function createServiceClient(url: string, self = CLIENT) {
  async function call(path: string, { method = 'GET', headers = {}, body }: Call = {}) {
    const response = await request(`${url}${path}`, { method, headers, body: body ?? null });
    const text = await response.body.text();
    const isJson = String(response.headers['content-type']).startsWith('application/json');
    const answer: Answer = {
      httpStatus: response.statusCode,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : undefined,
    };
    return answer;
  }

  async function signIn(client = self): Promise<string> {
    const { json } = await call('/ims/token/v3', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: client.clientId,
        client_secret: client.clientSecret,
        scope: 'openid,campaign_sdk',
      }).toString(),
    });
    return (json as { access_token: string }).access_token;
  }

  let administrator: string | null = null;
  const token = await signIn();
  const headers = {
    authorization: `Bearer ${token}`,
    'x-api-key': API_KEY,
    'cache-control': 'no-cache',
    'content-type': 'application/json',
  };

  return {
    call,
    signIn,
    headers,
    /** Start an ingestion of the mapping. */
    post: (mappingId: string) => call(ingestPath(mappingId), { method: 'POST', headers }),
    /** Ask for a request's status in the query. */
    get: (mappingId: string, requestId: number | string) =>
      call(`${ingestPath(mappingId)}?requestId=${requestId}`, { headers }),
    /** Call the administration API; a POST where there is a body. */
    async admin(path: string, body?: object | '') {
      administrator ??= await signIn(ADMIN);
      const method = body === undefined ? 'GET' : 'POST';
      return call(`/admin${path}`, {
        method,
        headers: { authorization: `Bearer ${administrator}` },
        ...(body === undefined ? {} : { body: body === '' ? '' : JSON.stringify(body) }),
      });
    },
  };
}

export function ingestPath(mappingId: string, organization = 'acme'): string {
  return `/${organization}/campaign/dataIngestion/xdmIngestion/${encodeURIComponent(mappingId)}/ingest`;
}
