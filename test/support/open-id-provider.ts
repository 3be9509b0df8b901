import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Configuration, Provider } from 'oidc-provider';
import type { SignInConfig } from '../../src/server/sign-in/sign-in.js';
import { toTokenRules } from './token-issuer.js';

/** The audience of access tokens. */
const RESOURCE = 'urn:sluice';

/** The right that its tokens grant. */
const RIGHT = 'ingestion:read';

/** A real OpenID provider, whose users need no password. */
export interface OpenIdProvider extends AsyncDisposable {
  readonly url: string;
  /** The origin of its endpoints, which is another one. */
  readonly endpointsOrigin: string;
  /** The rules by which a gateway accepts its tokens. */
  readonly accessTokens: NonNullable<SignInConfig['accessTokens']>;
  /** The console's settings for it. */
  readonly openId: { readonly issuer: string; readonly clientId: string; readonly scope: string };
  /** The number of tokens issued for refresh tokens. */
  readonly renewalCount: number;
  /** Answer token requests with 503, or as before. */
  setDown(isDown: boolean): void;
  /** Stop accepting refresh tokens. */
  endSessions(): void;
}

/**
 * Start one.
 *
 * @param homes - addresses that it sends people back to
 * @param tokenLifetimeS - how long an access token is good
 */
export async function startOpenIdProvider(
  homes: readonly string[],
  tokenLifetimeS: number,
): Promise<OpenIdProvider> {
  const servers = [createServer(), createServer()] as const;
  const [url = '', endpointsOrigin = ''] = await Promise.all(servers.map(listen));
  const openId = { issuer: url, clientId: 'console', scope: `openid offline_access ${RIGHT}` };
  const provider = new Provider(url, toConfiguration(openId.clientId, homes, tokenLifetimeS));
  const answer = provider.callback();
  let renewalCount = 0;
  let refusal: { readonly status: number; readonly type: string; readonly body: string } | null =
    null;
  provider.on('grant.success', ({ oidc }) => {
    if (oidc.params?.grant_type === 'refresh_token') renewalCount += 1;
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, search } = new URL(request.url ?? '', url);
    // It names its endpoints as it was called.
    if (pathname.startsWith('/.well-known/')) request.headers.host = new URL(endpointsOrigin).host;
    if (pathname.startsWith('/interaction/')) {
      void interact(provider, request, response, search);
    } else if (refusal && pathname === '/token' && request.method === 'POST') {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('content-type', refusal.type);
      response.writeHead(refusal.status).end(refusal.body);
    } else void answer(request, response);
  };
  for (const server of servers) server.on('request', onRequest);
  return {
    url,
    endpointsOrigin,
    openId,
    accessTokens: {
      ...toTokenRules({ jwksUrl: new URL(`${url}/jwks`) }),
      issuer: url,
      audiences: [RESOURCE],
      mappingsClaim: null,
    },
    get renewalCount() {
      return renewalCount;
    },
    setDown(isDown) {
      refusal = isDown ? { status: 503, type: 'text/html', body: 'down' } : null;
    },
    endSessions() {
      refusal = { status: 400, type: 'application/json', body: '{"error":"invalid_grant"}' };
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
}

async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function toConfiguration(
  clientId: string,
  homes: readonly string[],
  tokenLifetimeS: number,
): Configuration {
  return {
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        redirect_uris: [...homes],
        post_logout_redirect_uris: [...homes],
      },
    ],
    cookies: { keys: ['a key for tests'] },
    clientBasedCORS: () => true,
    issueRefreshToken: () => true,
    findAccount: (_context, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    // Users are not asked for their consent.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        clientId: oidc.client?.clientId ?? '',
        accountId: oidc.session?.accountId ?? '',
      });
      grant.addOIDCScope('openid offline_access');
      grant.addResourceScope(RESOURCE, RIGHT);
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource(context, form) {
          context.body = `${form}<button form="op.logoutForm" name="logout" value="yes">Sign me out</button>`;
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => RESOURCE,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: RIGHT,
          audience: RESOURCE,
          accessTokenFormat: 'jwt',
          accessTokenTTL: tokenLifetimeS,
        }),
      },
    },
  };
}

/** The sign-in page: two links, one of which lets Ada in. */
async function interact(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
  search: string,
): Promise<void> {
  switch (search) {
    case '?in':
      return provider.interactionFinished(request, response, { login: { accountId: 'Ada' } });
    case '?out':
      return provider.interactionFinished(request, response, {
        error: 'access_denied',
        error_description: 'Ada has no access to Sluice.',
      });
    default:
      response.setHeader('content-type', 'text/html');
      response.end('<title>Provider</title><a href="?in">I am Ada</a> <a href="?out">Refuse</a>');
  }
}
