import { afterAll } from '@jest/globals';
import { type Right, rights, toMappingScope } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { askGateway } from './ask-gateway.js';
import { openSocket, type RawSocket } from './raw-socket.js';
import { shareGateway } from './shared-gateway.js';
import type { TestGateway } from './test-gateway.js';
import type { TestUpstream } from './test-upstream.js';
import {
  type IssuerKey,
  MAPPINGS_CLAIM,
  newIssuerKey,
  signToken,
  startTokenIssuer,
  type TokenIssuer,
  toTokenRules,
} from './token-issuer.js';

/** What a token grants: everything by default, to `ci`. */
export interface TokenWish {
  readonly name?: string;
  readonly mappings?: readonly string[];
  readonly rights?: readonly Right[];
  readonly exp?: number;
}

/** A gateway for callers who sign in, and its upstream. */
export interface SignedInGateway extends Pick<TestGateway, 'url' | 'logLines'> {
  readonly upstream: TestUpstream;
  /** Signs the tokens. */
  readonly issuerKey: IssuerKey;
  /** May read the metrics. */
  readonly opsKey: string;
  /** Two keys of `ci`, who may do everything. */
  readonly fullKey: string;
  readonly oldKey: string;
  /** The Authorization header with a new token. */
  bearer(wish?: TokenWish): Promise<string>;
  ask(authorization: string, query: string): ReturnType<typeof askGateway>;
  /** Open a socket and sign in. */
  open(authorization: string): Promise<RawSocket>;
  /** Make the gateway observe a request of the mapping that somebody else started. */
  see(mappingId: string): Promise<string>;
}

/** A mutation that starts an ingestion. */
export const toStart = (mappingId: string, key = '') => `mutation {
  startIngestion(input: { mappingId: "${mappingId}"${key && `, idempotencyKey: "${key}"`} }) {
    ... on IngestionSubmitted { request { requestId startedBy attempt retriedBy { requestId }
      transitions { nodes { to } } } } } }`;

/** One gateway for all tests of the file that calls this. */
export function useSignedInGateway(mappings: string[]): SignedInGateway {
  const opsKey = newApiKey();
  const fullKey = newApiKey();
  const oldKey = newApiKey();
  let issuerKey: IssuerKey;
  let issuer: TokenIssuer;

  const { upstream, gateway } = shareGateway(async () => {
    issuerKey = await newIssuerKey('k1');
    issuer = await startTokenIssuer(issuerKey);
    const entry = { expiresAt: null, mappings: toMappingScope(['*']) };
    return {
      signIn: {
        accessTokens: toTokenRules(issuer),
        apiKeys: [
          { ...entry, name: 'ops', sha256: opsKey.sha256, rights: ['metrics:read'] },
          { ...entry, name: 'ci', sha256: fullKey.sha256, rights },
          { ...entry, name: 'ci', sha256: oldKey.sha256, rights },
        ],
      },
    };
  }, mappings);

  afterAll(() => issuer.close());

  const ask = (authorization: string, query: string) =>
    askGateway(gateway.url, query, { authorization });

  return {
    get url() {
      return gateway.url;
    },
    get logLines() {
      return gateway.logLines;
    },
    upstream,
    get issuerKey() {
      return issuerKey;
    },
    opsKey: opsKey.key,
    fullKey: fullKey.key,
    oldKey: oldKey.key,
    async bearer({ name = 'ci', mappings = ['*'], exp, ...wish } = {}) {
      const granted = wish.rights ?? rights;
      const token = await signToken(issuerKey, {
        sub: name,
        scope: granted.join(' '),
        [MAPPINGS_CLAIM]: mappings,
        ...(exp !== undefined && { exp }),
      });
      return `Bearer ${token}`;
    },
    ask,
    async open(authorization) {
      const socket = await openSocket(gateway.url, { isGreeted: false });
      socket.send({ type: 'connection_init', payload: { authorization } });
      await socket.next();
      return socket;
    },
    async see(mappingId) {
      const requestId = await upstream.startElsewhere(mappingId);
      await upstream.finish();
      await ask(
        `Bearer ${fullKey.key}`,
        `{ ingestionStatus(mappingId: "${mappingId}", requestId: "${requestId}") { id } }`,
      );
      return requestId;
    },
  };
}
