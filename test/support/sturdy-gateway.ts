import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { CLIENT } from '../campaign/support/service-client.js';
import { askSocket, openSocket, type RawSocket } from './raw-socket.js';
import { startTestUpstream } from './start-test-upstream.js';
import { ACCESS_TOKEN, API_KEY, startTestGateway, type TestGateway } from './test-gateway.js';
import type { TestUpstream } from './test-upstream.js';

/** A valid operation. */
export const good44 =
  '{ ingestionStatus(mappingId: "XDM44", requestId: "3520") { status numRecords } }';

/** Its answer. */
export const goodData = { ingestionStatus: { status: 'SUCCESS', numRecords: 15 } };

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: { readonly data?: unknown; readonly errors?: readonly ClientError[] };
}

interface ClientError {
  readonly message: string;
  readonly extensions: { readonly code: string };
}

/** The parameters of an operation. */
export interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
}

/** What a client learns of an error. */
export type Expected = readonly [code: string, message: string];

/** What a client learns of each error. */
export function toExpected(errors: readonly ClientError[] | undefined): Expected[] {
  return (errors ?? []).map(({ message, extensions }) => [extensions.code, message]);
}

/** No answer to invalid input reveals anything about the process. */
export function expectNoLeak(answer: string): void {
  const secrets = [ACCESS_TOKEN, API_KEY, CLIENT.clientSecret];
  for (const secret of [...secrets, process.cwd(), 'node_modules', 'file://']) {
    expect(answer).not.toContain(secret);
  }
  expect(answer).not.toMatch(/\bat \S+ \(|:\d+:\d+\)|\.[jt]s:\d+/);
}

/** A gateway to which all tests of a file send invalid input. */
export interface SturdyGateway {
  readonly url: string;
  readonly upstream: TestUpstream;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** @param body - a string is sent unchanged */
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  askOverSocket(payload: unknown): Promise<Answer['body']>;
  /** The same over HTTP and a socket, without a call to the upstream. */
  expectRefused(
    operation: Operation,
    httpStatus: number,
    expected: readonly Expected[],
  ): Promise<void>;
}

/**
 * One gateway for all tests of the file that calls this.
 *
 * After each test, the process must be alive, must have logged no internal error, and must answer.
 */
export function useSturdyGateway(): SturdyGateway {
  let upstream: TestUpstream;
  let gateway: TestGateway;
  let socket: RawSocket;

  beforeAll(async () => {
    upstream = await startTestUpstream();
    await upstream.startElsewhere('XDM44');
    await upstream.finish();
    gateway = await startTestGateway(upstream.config);
    socket = await openSocket(gateway.url);
  });

  afterAll(async () => {
    await socket.close();
    await gateway.stop();
    await upstream.close();
  });

  afterEach(async () => {
    expect(gateway.logLines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
    const good = { query: good44, variables: {} };
    expect(await post(good)).toMatchObject({ status: 200, body: { data: goodData } });
    expect(await askSocket(socket, good)).toEqual({ data: goodData });
  });

  async function ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(`${gateway.url}${path}`, init);
    const answer = await response.text();
    expectNoLeak(answer);
    return {
      status: response.status,
      headers: response.headers,
      body: answer === '' ? {} : JSON.parse(answer),
    };
  }

  function post(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return ask('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  async function askOverSocket(payload: unknown): Promise<Answer['body']> {
    const answer = await askSocket(socket, payload);
    expectNoLeak(JSON.stringify(answer));
    return answer as Answer['body'];
  }

  return {
    get url() {
      return gateway.url;
    },
    get upstream() {
      return upstream;
    },
    ask,
    post,
    askOverSocket,
    async expectRefused(operation, httpStatus, expected) {
      // The gateway knows this request, so that asking for it needs no call to the upstream.
      await post({ query: good44 });
      const callCount = upstream.calls.length;
      const overHttp = await post(operation);
      expect(toExpected(overHttp.body.errors)).toEqual(expected);
      expect(overHttp.status).toBe(httpStatus);
      expect(await askOverSocket(operation)).toEqual(overHttp.body);
      expect(upstream.calls).toHaveLength(callCount);
    },
  };
}
