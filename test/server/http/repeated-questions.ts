import { connect, type Socket } from 'node:net';
import { afterEach, expect } from '@jest/globals';
import {
  type PushedGateway,
  type PushedGatewayOptions,
  startPushedGateway,
} from '../../support/pushed-gateway.js';
import { standInFor } from '../../support/stand-in.js';

/** As many digits for all questions, because answers tell how long they are. */
let questionCount = 100_000;

/** A question that was not asked before. */
export function newQuestion(): string {
  questionCount += 1;
  return `query Q${questionCount} { ingestionRequests(first: 100) { nodes { mappingId requestId status } } }`;
}

/** An HTTP request, byte by byte. */
export interface Asked {
  readonly line?: string;
  /** Null omits a usual header. */
  readonly host?: string | null;
  readonly type?: string | null;
  readonly more?: readonly string[];
  readonly toBody?: (query: string) => string | Buffer;
  readonly isChunked?: boolean;
}

/** The usual body of a question. */
export const toJson = (query: string) => JSON.stringify({ query });

/** A body of so many characters more. */
export const padded = (chars: number) => (query: string) =>
  toJson(`#${'x'.repeat(chars)}\n${query}`);

/** The bytes of a request that asks it. */
export function toBytes(asked: Asked, query: string): Buffer {
  const { line = 'POST /graphql HTTP/1.1', host = 'localhost', type = 'application/json' } = asked;
  const { more = [], toBody = toJson, isChunked = false } = asked;
  const body = Buffer.from(toBody(query));
  const head = [
    line,
    ...(host === null ? [] : [`Host: ${host}`]),
    ...(type === null ? [] : [`Content-Type: ${type}`]),
    isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`,
    ...more,
  ];
  const parts: (string | Buffer)[] = [...head.map((text) => `${text}\r\n`), '\r\n'];
  if (isChunked) {
    for (const part of [body.subarray(0, 7), body.subarray(7), Buffer.alloc(0)]) {
      parts.push(`${part.length.toString(16)}\r\n`, part, '\r\n');
    }
  } else parts.push(body);
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** An answer; its body is decoded as latin1, so that compressed ones can be compared. */
interface Answer {
  readonly status: number;
  /** Sorted, without the date. */
  readonly headers: readonly string[];
  readonly body: string;
}

/** The answer without interim ones; null until it is complete. */
function parseAnswer(received: string, isHead: boolean): Answer | null {
  const [, head = '', body = ''] =
    /^(.*?\r\n)\r\n(.*)$/s.exec(received.replace(/^HTTP\/1\.1 1.*?\r\n\r\n/s, '')) ?? [];
  const [status = '', ...headers] = head.trimEnd().split('\r\n');
  if (status === '') return null;
  const [, length] = /^content-length: (\d+)\r$/im.exec(head) ?? [];
  const isWhole =
    isHead ||
    (length === undefined ? body.endsWith('\r\n0\r\n\r\n') : body.length >= Number(length));
  if (!isWhole) return null;
  return {
    status: Number(status.split(' ')[1]),
    headers: headers.filter((header) => !/^date:/i.test(header)).sort(),
    body,
  };
}

/** The next answer; null if the connection ends before it is complete. */
export async function readAnswer(socket: Socket, isHead = false): Promise<Answer | null> {
  let received = '';
  for await (const part of socket) {
    received += (part as Buffer).toString('latin1');
    const answer = parseAnswer(received, isHead);
    if (answer) return answer;
  }
  return null;
}

/** A question, and the status of its answer. */
export type Case = [what: string, asked: Asked, expected: { status: number; isShared: boolean }];

/** Of a question that is answered once for both. */
export const shared = { status: 200, isShared: true };

/** Of a question that is answered each time. */
export const unshared = (status: number) => ({ status, isShared: false });

/** A gateway for a file, whose tests start it, and ask it byte by byte; its sockets are closed after each. */
export function useRepeatedQuestions() {
  let gateway: PushedGateway;
  let sockets: Socket[] = [];

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets = [];
  });

  /** With so many requests in its log. */
  async function start(requestCount: number, options?: PushedGatewayOptions): Promise<void> {
    gateway = await startPushedGateway(options);
    const seen = { status: 'SUCCESS', info: '', batchId: 'b', numRecords: 3 } as const;
    for (let n = 1; n <= requestCount; n += 1) {
      await gateway.log.append({ ref: { mappingId: 'm', requestId: `${n}` }, seen, observedAt: 1 });
    }
  }

  function open(): Socket {
    const socket = connect(gateway.port, '127.0.0.1');
    socket.on('error', () => {});
    sockets.push(socket);
    return socket;
  }

  /** Send a request; returns its answer and its effects. */
  async function ask(asked: Asked, query: string) {
    const [reportCount, refusalCount] = [gateway.reports.length, gateway.refusals.length];
    const executedCount = gateway.operationCount;
    const socket = open();
    socket.write(toBytes(asked, query));
    const answer = await readAnswer(socket, asked.line?.startsWith('HEAD'));
    const reports = gateway.reports.slice(reportCount);
    return {
      isExecuted: gateway.operationCount > executedCount,
      left: {
        answer,
        reports: reports.map(({ transport, type, name, caller, errorCodes }) => ({
          transport,
          type,
          name,
          caller,
          errorCodes,
        })),
        refusals: gateway.refusals.slice(refusalCount),
      },
    };
  }

  async function expectAlike(_what: string, asked: Asked, expected: Case[2]): Promise<void> {
    const query = newQuestion();
    const first = await ask(asked, query);
    const second = await ask(asked, query);
    expect(second.left).toEqual(first.left);
    const isShared = first.isExecuted && !second.isExecuted;
    expect({ status: first.left.answer?.status, isShared }).toEqual(expected);
  }

  return { gateway: standInFor(() => gateway), start, open, ask, expectAlike };
}
