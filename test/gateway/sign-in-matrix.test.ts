import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rights } from '../../src/ingestion/caller.js';
import { type CallerCase, useCallers } from '../support/caller-cases.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import {
  MINE,
  type OperationCase,
  operations,
  THEIRS,
  toWord,
} from '../support/operation-cases.js';
import { openSocket, type RawSocket } from '../support/raw-socket.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

const { callers, signIn, tokenFor } = useCallers();

let upstream: ScriptedUpstream;
let gateway: TestGateway;
/** A cursor after a request of another mapping, before the request that is asked about. */
let cursor: string;

beforeAll(async () => {
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
  gateway = await startTestGateway(upstream.url, { signIn: signIn() });
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
});

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
