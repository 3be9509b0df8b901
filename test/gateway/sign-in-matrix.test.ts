import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportSPKI, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { type Right, rights, toMappingScope } from '../../src/ingestion/caller.js';
import { toGlobalId } from '../../src/schema/global-id.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { openSocket, type RawSocket } from '../support/raw-socket.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import {
  goodClaims,
  type IssuerKey,
  MAPPINGS_CLAIM,
  newIssuerKey,
  signToken,
  startTokenIssuer,
  type TokenIssuer,
  toTokenRules,
} from '../support/token-issuer.js';

/** The mapping that is asked about, and a mapping of somebody else. */
const MINE = 'mine-1';
const THEIRS = 'theirs-1';
const ref = { mappingId: MINE, requestId: '1' };

const apiKeys = { right: newApiKey(), expired: newApiKey(), theirs: newApiKey() };

let issuer: TokenIssuer;
let upstream: ScriptedUpstream;
let gateway: TestGateway;
let key: IssuerKey;
let rsaKey: IssuerKey;
let stranger: IssuerKey;
/** A cursor after a request of another mapping, before the request that is asked about. */
let cursor: string;

beforeAll(async () => {
  key = await newIssuerKey('k1');
  rsaKey = await newIssuerKey('k2', 'RS256');
  stranger = await newIssuerKey('k1');
  issuer = await startTokenIssuer(key, rsaKey);
  upstream = await startScriptedUpstream();
  let lastId = 100;
  upstream.otherwise((response, call) => {
    const { pathname, searchParams } = new URL(call.rawPath, upstream.url);
    const mapping = pathname.split('/').at(-2) ?? '';
    lastId += 1;
    const answer =
      call.method === 'POST'
        ? startAnswers.submitted(mapping, lastId)
        : statusAnswers.success(mapping, searchParams.get('requestId'));
    json(200, answer)(response, call);
  });
  const entry = { rights, expiresAt: null };
  gateway = await startTestGateway(upstream.url, {
    signIn: {
      accessTokens: toTokenRules(issuer),
      apiKeys: [
        { ...entry, name: 'a', sha256: apiKeys.right.sha256, mappings: toMappingScope(['mine*']) },
        {
          ...entry,
          name: 'b',
          sha256: apiKeys.expired.sha256,
          mappings: toMappingScope(['*']),
          expiresAt: 1,
        },
        { ...entry, name: 'c', sha256: apiKeys.theirs.sha256, mappings: toMappingScope([THEIRS]) },
      ],
    },
  });
  const admin = `Bearer ${await tokenFor(rights, ['*'])}`;
  for (const mappingId of ['first', MINE, THEIRS]) {
    const query = `{ ingestionStatus(mappingId: "${mappingId}", requestId: "1") {
      transitions { nodes { cursor } } } }`;
    const { body } = await askHttp(admin, query, {});
    cursor ??= body.data.ingestionStatus.transitions.nodes[0].cursor;
  }
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
  await issuer.close();
});

function tokenFor(
  granted: readonly Right[],
  mappings: readonly string[],
  more: JWTPayload = {},
): Promise<string> {
  return signToken(key, { scope: granted.join(' '), [MAPPINGS_CLAIM]: mappings, ...more });
}

const all = () => ({ ...goodClaims(), scope: rights.join(' '), [MAPPINGS_CLAIM]: ['*'] });
const past = () => Math.floor(Date.now() / 1000) - 1;

/** What a caller presents, and the expected result. */
interface CallerCase {
  readonly show: () => Promise<string | undefined>;
  readonly is:
    | 'refused'
    | 'expired'
    | { readonly rights: readonly Right[]; readonly sees: boolean };
}

const refused = (token: () => Promise<string> | string): CallerCase => ({
  show: async () => `Bearer ${await token()}`,
  is: 'refused',
});

const known = (token: () => Promise<string> | string, granted: readonly Right[], sees = true) => ({
  show: async () => `Bearer ${await token()}`,
  is: { rights: granted, sees },
});

const callers: Record<string, CallerCase> = {
  nobody: { show: async () => undefined, is: 'refused' },
  'an empty header': { show: async () => '', is: 'refused' },
  'another scheme': { show: async () => 'Basic Y2k6Y2k=', is: 'refused' },
  'no token at all': { show: async () => 'Bearer ', is: 'refused' },
  'a text that is no token': refused(() => 'x.y.z'),
  'an expired token': {
    show: async () => `Bearer ${await tokenFor(rights, ['*'], { exp: past() })}`,
    is: 'expired',
  },
  'a token without an end': refused(() => {
    const { exp, ...endless } = all();
    return new SignJWT(endless)
      .setProtectedHeader({ alg: key.alg, kid: key.kid })
      .sign(key.privateKey);
  }),
  'a token that does not hold yet': refused(() => tokenFor(rights, ['*'], { nbf: past() + 1_000 })),
  'a token for another audience': refused(() => tokenFor(rights, ['*'], { aud: 'other' })),
  'a token of another issuer': refused(() => tokenFor(rights, ['*'], { iss: 'https://other/' })),
  'a token that names nobody': refused(() => tokenFor(rights, ['*'], { sub: ' ' })),
  'a token whose name breaks lines': refused(() => tokenFor(rights, ['*'], { sub: 'a\nb' })),
  'the algorithm "none"': refused(() => new UnsecuredJWT(all()).encode()),
  'the algorithm "none", with a signature': refused(async () => {
    const [, payload, signature] = (await tokenFor(rights, ['*'])).split('.');
    const header = Buffer.from('{"alg":"none","kid":"k1"}').toString('base64url');
    return `${header}.${payload}.${signature}`;
  }),
  'HS256 with the public key as PEM': refused(async () => {
    const pem = await exportSPKI(
      (await importJWK(rsaKey.publicJwk, 'RS256')) as IssuerKey['privateKey'],
    );
    return new SignJWT(all())
      .setProtectedHeader({ alg: 'HS256', kid: 'k2' })
      .sign(Buffer.from(pem));
  }),
  'HS256 with the public key as JWK': refused(() =>
    new SignJWT(all())
      .setProtectedHeader({ alg: 'HS256', kid: 'k1' })
      .sign(Buffer.from(JSON.stringify(key.publicJwk))),
  ),
  'an algorithm that is not allowed': refused(async () => {
    const { privateKey } = await newIssuerKey('k1', 'EdDSA');
    return new SignJWT(all()).setProtectedHeader({ alg: 'EdDSA', kid: 'k1' }).sign(privateKey);
  }),
  'a key that the issuer does not have': refused(() =>
    signToken({ ...stranger, kid: 'k9' }, all()),
  ),
  'another key by the name of the issuer’s': refused(() => signToken(stranger, all())),
  'a token with other claims than were signed': refused(async () => {
    const [header, , signature] = (await tokenFor([], [])).split('.');
    return `${header}.${Buffer.from(JSON.stringify(all())).toString('base64url')}.${signature}`;
  }),
  'an API key that is not known': refused(() => newApiKey().key),
  'an API key’s beginning': refused(() => apiKeys.right.key.slice(0, -1)),
  'an API key’s hash': refused(() => `sluice_${apiKeys.right.sha256}`),
  'an expired API key': { show: async () => `Bearer ${apiKeys.expired.key}`, is: 'expired' },
  'read only': known(() => tokenFor(['ingestion:read'], ['mine*']), ['ingestion:read']),
  'start only': known(() => tokenFor(['ingestion:start'], [MINE]), ['ingestion:start']),
  'no rights': known(() => tokenFor([], ['*']), []),
  'other mapping': known(() => tokenFor(rights, [THEIRS, 'first', 'min']), rights, false),
  'an API key of other mapping': known(() => apiKeys.theirs.key, rights, false),
  'the right one': known(() => tokenFor(rights, ['x', MINE]), rights),
  'the right one, by a prefix': known(() => tokenFor(rights, ['mine*']), rights),
  'the right one, by RSA': known(() => signToken(rsaKey, all()), rights),
  'the right API key': known(() => apiKeys.right.key, rights),
};

interface OperationCase {
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

const operations: Record<string, OperationCase> = {
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
function toWord(
  { toWord }: OperationCase,
  // biome-ignore lint/suspicious/noExplicitAny: whatever the query asks for
  { data, errors }: { data?: any; errors?: readonly { extensions?: { code?: unknown } }[] },
): string {
  return errors ? String(errors[0]?.extensions?.code) : toWord(data);
}

function variablesOf({ query, variables }: OperationCase): Record<string, unknown> {
  return query.includes('$after') ? { ...variables, after: cursor } : variables;
}

async function askHttp(
  authorization: string | undefined,
  query: string,
  variables: Record<string, unknown>,
) {
  const response = await fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ query, variables }),
  });
  return { response, body: JSON.parse(await response.text()) };
}

/** The first message of an operation. */
async function askFirst(socket: RawSocket, operation: OperationCase) {
  const payload = { query: operation.query, variables: variablesOf(operation) };
  socket.send({ type: 'subscribe', id: '1', payload });
  const { type, payload: result } = await socket.next();
  // biome-ignore lint/suspicious/noExplicitAny: whatever the query asks for
  return type === 'error' ? { errors: result as any[] } : (result as { data: any });
}

function expectedOf({ is }: CallerCase, { needs, hidden }: OperationCase): string {
  if (is === 'refused' || is === 'expired') return 'UNAUTHENTICATED';
  if (!is.rights.includes(needs)) return 'FORBIDDEN';
  return is.sees ? 'seen' : hidden;
}

const startCount = () => upstream.calls.filter(({ method }) => method === 'POST').length;

describe.each(Object.entries(callers))('%s', (_caller, caller) => {
  const isIdentified = typeof caller.is === 'object';

  it.each(Object.entries(operations))('over HTTP: %s', async (_name, operation) => {
    const before = startCount();
    const authorization = await caller.show();
    const asked = await askHttp(authorization, operation.query, variablesOf(operation));
    const isSubscription = operation.query.startsWith('subscription');
    const expected = expectedOf(caller, operation);
    if (isIdentified) {
      expect(toWord(operation, asked.body)).toBe(isSubscription ? 'BAD_REQUEST' : expected);
    } else {
      expect(asked.response.status).toBe(401);
      expect(asked.response.headers.get('www-authenticate')).toMatch(/^Bearer realm="sluice"/);
      expect(asked.body.data).toBeUndefined();
      expect(asked.body.errors[0].extensions).toEqual({ code: 'UNAUTHENTICATED' });
    }
    const isStarted = operation.needs === 'ingestion:start' && expected === 'seen';
    expect(startCount() - before).toBe(isStarted ? 1 : 0);
  });

  it.each(Object.entries(operations))('over WebSocket: %s', async (_name, operation) => {
    const before = startCount();
    const authorization = await caller.show();
    const socket = await openSocket(gateway.url, { isGreeted: false });
    socket.send({
      type: 'connection_init',
      ...(authorization !== undefined && { payload: { authorization } }),
    });
    const expected = expectedOf(caller, operation);
    if (isIdentified) {
      expect(await socket.next()).toEqual({ type: 'connection_ack' });
      expect(toWord(operation, await askFirst(socket, operation))).toBe(expected);
      await socket.close();
    } else if (caller.is === 'refused') {
      // Even if it is sent before the acknowledgement.
      await expect(askFirst(socket, operation)).rejects.toThrow('closed');
      expect(await socket.closed).toBe(4401);
    } else {
      expect(await socket.closed).toBe(4403);
    }
    const isStarted = operation.needs === 'ingestion:start' && expected === 'seen';
    expect(startCount() - before).toBe(isStarted ? 1 : 0);
  });
});
