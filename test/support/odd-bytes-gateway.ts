import { afterAll, beforeAll, beforeEach, expect } from '@jest/globals';
import { startAnswers, statusAnswers } from './campaign-answers.js';
import {
  type RecordedCall,
  type ScriptedUpstream,
  startScriptedUpstream,
} from './scripted-upstream.js';
import { startTestGateway, type TestGateway } from './test-gateway.js';

/** Asks about one request. */
export const STATUS =
  'query($m: ID!, $r: ID!) { ingestionStatus(mappingId: $m, requestId: $r, maxAgeMs: 0) { requestId status numRecords batchId } }';

/** An answer of the upstream. */
export interface OddAnswer {
  readonly bytes: Buffer;
  readonly type?: string;
}

/** A gateway that receives odd bytes from clients and from its upstream. */
export interface OddBytesGateway {
  readonly url: string;
  readonly logLines: TestGateway['logLines'];
  /** The upstream's answer about a request; null for a start. */
  answerTo: (requestId: string | null) => OddAnswer;
  /** The mapping whose requests are recorded: XDM44, unless a test changes it. */
  mappingOfAsked: string;
  /** The requests of it that the upstream was asked about during this test. */
  asked: string[];
  /** Send a body unchanged. */
  // biome-ignore lint/suspicious/noExplicitAny: an answer
  post(body: string | Uint8Array, type?: string): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: an answer
  ask(query: string, variables?: unknown): Promise<any>;
}

/** One gateway for all tests of the file that calls this. It polls only what a test asks about. */
export function useOddBytesGateway(): OddBytesGateway {
  let upstream: ScriptedUpstream;
  let gateway: TestGateway;
  /** Each start gets another id. */
  let lastStartedId = 0;

  beforeAll(async () => {
    upstream = await startScriptedUpstream();
    upstream.otherwise((response, call) => {
      const requestId = requestIdOf(call);
      if (requestId !== null && mappingIdOf(call) === odd.mappingOfAsked) odd.asked.push(requestId);
      const { bytes, type = 'application/json' } = odd.answerTo(requestId);
      response.writeHead(200, { 'content-type': type }).end(bytes);
    });
    gateway = await startTestGateway(upstream.url, { pollMinMs: 60_000, pollMaxMs: 60_000 });
  });

  beforeEach(() => {
    odd.asked = [];
    odd.mappingOfAsked = 'XDM44';
    odd.answerTo = answerWell;
  });

  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });

  function answerWell(requestId: string | null): OddAnswer {
    if (requestId === null) lastStartedId += 1;
    const answer =
      requestId === null
        ? startAnswers.submitted('XDM44', lastStartedId)
        : statusAnswers.success('XDM44', requestId);
    return { bytes: Buffer.from(JSON.stringify(answer)) };
  }

  async function post(body: string | Uint8Array, type = 'application/json') {
    const headers = { 'content-type': type };
    const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
    const text = await response.text();
    expect(text).not.toContain('INTERNAL_SERVER_ERROR');
    return { httpStatus: response.status, ...JSON.parse(text) };
  }

  const odd: OddBytesGateway = {
    get url() {
      return gateway.url;
    },
    get logLines() {
      return gateway.logLines;
    },
    answerTo: answerWell,
    mappingOfAsked: 'XDM44',
    asked: [],
    post,
    ask: (query, variables = {}) => post(JSON.stringify({ query, variables })),
  };
  return odd;
}

function requestIdOf({ method, rawPath }: RecordedCall): string | null {
  return method === 'POST' ? null : new URL(rawPath, 'http://host').searchParams.get('requestId');
}

function mappingIdOf({ rawPath }: RecordedCall): string {
  return decodeURIComponent(rawPath.split('/')[5] ?? '');
}
