import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { CLIENT } from '../campaign/support/service-client.js';
import { askSocket, openSocket, type RawSocket } from './raw-socket.js';
import { startTestUpstream } from './start-test-upstream.js';
import { ACCESS_TOKEN, API_KEY, startTestGateway, type TestGateway } from './test-gateway.js';
import type { TestUpstream } from './test-upstream.js';

/** An operation that nothing is wrong with. */
export const good44 =
  '{ ingestionStatus(mappingId: "XDM44", requestId: "3520") { status numRecords } }';

/** What it is answered. */
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

/** What a client is told of an error. */
export type Expected = readonly [code: string, message: string];

/** What a client is told of each error. */
export function toExpected(errors: readonly ClientError[] | undefined): Expected[] {
  return (errors ?? []).map(({ message, extensions }) => [extensions.code, message]);
}

/** No answer to anybody's nonsense says anything about the process. */
export function expectNoLeak(answer: string): void {
  const secrets = [ACCESS_TOKEN, API_KEY, CLIENT.clientSecret];
  for (const secret of [...secrets, process.cwd(), 'node_modules', 'file://']) {
    expect(answer).not.toContain(secret);
  }
  expect(answer).not.toMatch(/\bat \S+ \(|:\d+:\d+\)|\.[jt]s:\d+/);
}

/** A gateway that is asked nonsense by all tests of a file. */
export interface SturdyGateway {
  readonly url: string;
  readonly upstream: TestUpstream;
  ask(path: string, init?: RequestInit): Promise<Answer>;
  /** @param body - sent as it is where it is a text */
  post(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  askOverSocket(payload: unknown): Promise<Answer['body']>;
}

/**
 * One gateway for all tests of the file that calls this.
 *
 * After each test it is shown that the process lives, logged no fault of its own, and answers.
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

  return {
    get url() {
      return gateway.url;
    },
    get upstream() {
      return upstream;
    },
    ask,
    post,
    async askOverSocket(payload) {
      const answer = await askSocket(socket, payload);
      expectNoLeak(JSON.stringify(answer));
      return answer as Answer['body'];
    },
  };
}
