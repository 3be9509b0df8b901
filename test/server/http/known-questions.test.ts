import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pino from 'pino';
import { systemClock } from '../../../src/process/system-clock.js';
import { newApiKey } from '../../../src/server/sign-in/api-keys.js';
import { createSignIn } from '../../../src/server/sign-in/sign-in.js';
import { privateExposure, publicExposure } from '../../support/exposure.js';
import {
  type PushedGateway,
  type PushedGatewayOptions,
  startPushedGateway,
} from '../../support/pushed-gateway.js';

/** Far more answers than the system buffers for a connection. */
const PIPELINED = 4_000;

let gateway: PushedGateway;
let sockets: Socket[] = [];
let questionCount = 0;

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
});

async function start(requestCount: number, options?: PushedGatewayOptions): Promise<void> {
  gateway = await startPushedGateway(options);
  const seen = { status: 'SUCCESS', info: '', batchId: 'b', numRecords: 3 } as const;
  for (let n = 1; n <= requestCount; n += 1) {
    await gateway.log.append({ ref: { mappingId: 'm', requestId: `${n}` }, seen, observedAt: 1 });
  }
}

/** A question that was not asked before. */
function newQuestion(): string {
  questionCount += 1;
  return `query Q${questionCount} { ingestionRequests(first: 100) { nodes { mappingId requestId status } } }`;
}

/** An HTTP request, byte by byte. */
interface Asked {
  readonly line?: string;
  /** Null omits a usual header. */
  readonly host?: string | null;
  readonly type?: string | null;
  readonly more?: readonly string[];
  readonly toBody?: (query: string) => string | Buffer;
  readonly isChunked?: boolean;
}

const toJson = (query: string) => JSON.stringify({ query });
const padded = (chars: number) => (query: string) => toJson(`#${'x'.repeat(chars)}\n${query}`);

function toBytes(asked: Asked, query: string): Buffer {
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

function open(): Socket {
  const socket = connect(gateway.port, '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
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

async function readAnswer(socket: Socket, isHead = false): Promise<Answer | null> {
  let received = '';
  for await (const part of socket) {
    received += (part as Buffer).toString('latin1');
    const answer = parseAnswer(received, isHead);
    if (answer) return answer;
  }
  return null;
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

/** A question, and the status of its answer. */
type Case = [what: string, asked: Asked, expected: { status: number; isShared: boolean }];

const shared = { status: 200, isShared: true };
const unshared = (status: number) => ({ status, isShared: false });

async function expectAlike(_what: string, asked: Asked, expected: Case[2]): Promise<void> {
  const query = newQuestion();
  const first = await ask(asked, query);
  const second = await ask(asked, query);
  expect(second.left).toEqual(first.left);
  const isShared = first.isExecuted && !second.isExecuted;
  expect({ status: first.left.answer?.status, isShared }).toEqual(expected);
}

describe('a repeated question', () => {
  const byUrl = (field: string) =>
    `/graphql?query=%7BingestionRequests%7Bnodes%7B${field}%7D%7D%7D`;

  const cases: Case[] = [
    ['as most clients send it', {}, shared],
    ['with a charset', { type: 'application/json; charset=utf-8' }, shared],
    ['with a charset in capitals', { type: 'application/json;charset=UTF-8' }, shared],
    ['in US-ASCII', { type: 'application/json; charset=us-ascii' }, shared],
    ['in UTF-16', { type: 'application/json; charset=utf-16' }, unshared(415)],
    ['with a type in capitals', { type: 'Application/JSON' }, shared],
    ['of another type', { type: 'text/plain' }, unshared(415)],
    ['of no type', { type: null }, unshared(415)],
    ['of a second type', { more: ['Content-Type: text/plain'] }, shared],
    [
      'of another type first',
      { type: 'text/plain', more: ['Content-Type: application/json'] },
      unshared(415),
    ],
    ['with a header in capitals', { more: ['ACCEPT: application/json'] }, shared],
    ['in chunks', { isChunked: true }, shared],
    ['that says it is not compressed', { more: ['Content-Encoding: identity'] }, shared],
    ['that is compressed', { more: ['Content-Encoding: gzip'] }, unshared(415)],
    ['after a byte order mark', { toBody: (query) => `\ufeff${toJson(query)}` }, shared],
    ['between white space', { toBody: (query) => ` \r\n${toJson(query)}\n` }, shared],
    ['of two lengths', { more: ['Content-Length: 3'] }, unshared(400)],
    ['of a length, and in chunks', { more: ['Transfer-Encoding: chunked'] }, unshared(400)],
    ['that waits to continue', { more: ['Expect: 100-continue'] }, shared],
    ['that expects anything else', { more: ['Expect: 200-ok'] }, unshared(417)],
    ['that offers HTTP/2', { more: ['Connection: Upgrade', 'Upgrade: h2c'] }, shared],
    ['on a connection to be closed', { more: ['Connection: close'] }, shared],
    ['in HTTP/1.0', { line: 'POST /graphql HTTP/1.0' }, shared],
    [
      'in HTTP/1.0, on a connection to be kept',
      { line: 'POST /graphql HTTP/1.0', more: ['Connection: keep-alive'] },
      shared,
    ],
    ['in HTTP/1.0, without a host', { line: 'POST /graphql HTTP/1.0', host: null }, shared],
    ['without a host', { host: null }, unshared(400)],
    ['with two hosts', { more: ['Host: localhost'] }, unshared(400)],
    ['to a foreign host', { host: 'evil.test' }, unshared(421)],
    ['to a whole URL', { line: 'POST http://localhost/graphql HTTP/1.1' }, shared],
    ['to a foreign URL', { line: 'POST http://evil.test/graphql HTTP/1.1' }, unshared(421)],
    ['to a path with a slash at its end', { line: 'POST /graphql/ HTTP/1.1' }, shared],
    ['to a path with a query', { line: 'POST /graphql?a=b HTTP/1.1' }, shared],
    ['from a proxy', { more: ['X-Forwarded-For: 203.0.113.7'] }, unshared(403)],
    ['from a proxy that names itself', { more: ['Via: 1.1 proxy'] }, unshared(403)],
    ['from a foreign page', { more: ['Origin: https://evil.test'] }, unshared(403)],
    ['from an own page', { more: ['Origin: http://localhost'] }, shared],
    ['from an image of a foreign page', { more: ['Sec-Fetch-Site: cross-site'] }, unshared(403)],
    ['that accepts anything', { more: ['Accept: */*'] }, shared],
    ['that accepts GraphQL', { more: ['Accept: application/graphql-response+json'] }, shared],
    [
      'that prefers GraphQL',
      { more: ['Accept: application/json;q=0.5, application/graphql-response+json'] },
      shared,
    ],
    [
      'that accepts JSON in a second header',
      { more: ['Accept: text/html', 'Accept: application/json'] },
      shared,
    ],
    ['that accepts only pages', { more: ['Accept: text/html'] }, unshared(406)],
    ['that accepts a stream', { more: ['Accept: text/event-stream'] }, unshared(200)],
    [
      'that accepts multipart',
      { more: ['Accept: multipart/mixed;subscriptionSpec=1.0, application/json'] },
      unshared(200),
    ],
    ['with a folded header', { more: ['Accept: application/json,', ' */*'] }, unshared(400)],
    ['that accepts Brotli', { more: ['Accept-Encoding: gzip, deflate, br'] }, shared],
    ['that accepts gzip', { more: ['Accept-Encoding: gzip'] }, shared],
    ['that accepts an unknown encoding', { more: ['Accept-Encoding: zstd'] }, shared],
    ['that accepts no encoding', { more: ['Accept-Encoding: identity;q=0'] }, shared],
    [
      'with conditions and a range',
      { more: ['Cookie: a=b', 'Range: bytes=0-3', 'If-None-Match: *'] },
      shared,
    ],
    ['by GET', { line: `GET ${byUrl('requestId')} HTTP/1.1`, toBody: () => '' }, shared],
    ['by HEAD', { line: `HEAD ${byUrl('status')} HTTP/1.1`, toBody: () => '' }, unshared(405)],
    ['by PUT', { line: 'PUT /graphql HTTP/1.1' }, unshared(405)],
    ['that is half a body', { toBody: () => '{"query":' }, unshared(400)],
    ['in Latin-1', { toBody: () => Buffer.from('{"query":"{ ü }"}', 'latin1') }, unshared(400)],
    ['longer than what is compared first', { toBody: padded(17_000) }, unshared(400)],
    ['longer than allowed', { toBody: padded(140_000) }, unshared(413)],
  ];

  beforeAll(() => start(99));
  afterAll(() => gateway.stop());

  it.each(cases)('gets the same answer and counts the same as the first: %s', expectAlike);
});

/** What questions that differ only in their names leave alike. */
function withoutNames({ reports, ...left }: Awaited<ReturnType<typeof ask>>['left']) {
  return { ...left, reports: reports.map(({ name, ...report }) => report) };
}

describe('a repeated question, with sign-in, another site and a proxy,', () => {
  const SITE = 'https://app.example.com';
  const rights = ['ingestion:read'] as const;
  const [reader, expired, stranger] = [newApiKey(), newApiKey(), newApiKey()];
  const toKey = (name: string, { sha256 }: typeof reader, expiresAt: number | null) => ({
    name,
    sha256,
    rights: [...rights],
    mappings: { kind: 'all' } as const,
    expiresAt,
  });
  const as = ({ key }: typeof reader, ...more: string[]): Asked => ({
    more: [`Authorization: Bearer ${key}`, ...more],
  });

  const cases: Case[] = [
    ['of a caller', as(reader), shared],
    ['of a caller who has expired', as(expired), unshared(401)],
    ['of a stranger', as(stranger), unshared(401)],
    ['of nobody', {}, unshared(401)],
    ['of a caller in small letters', { more: [`authorization: bearer  ${reader.key}`] }, shared],
    ['with a second key', as(reader, `Authorization: Bearer ${stranger.key}`), shared],
    ['with a second key first', as(stranger, `Authorization: Bearer ${reader.key}`), unshared(401)],
    ['from the other site', as(reader, `Origin: ${SITE}`), shared],
    ['from a foreign site', as(reader, 'Origin: https://evil.test'), shared],
    ['from a page without an origin', as(reader, 'Origin: null'), shared],
    ['from a page that says no more', as(reader, 'Sec-Fetch-Site: cross-site'), shared],
    ['to any host', { ...as(reader), host: 'sluice.example.com' }, shared],
    ['from a client behind the proxy', as(reader, 'X-Forwarded-For: 203.0.113.7'), shared],
    ['from somebody behind the proxy', as(reader, 'X-Forwarded-For: unknown, x'), shared],
    ['that accepts gzip', as(reader, 'Accept-Encoding: gzip'), shared],
    ['in chunks', { ...as(reader), isChunked: true }, shared],
    ['on a connection to be closed', as(reader, 'Connection: close'), shared],
    ['in HTTP/1.0', { ...as(reader), line: 'POST /graphql HTTP/1.0' }, shared],
  ];

  beforeAll(() =>
    start(99, {
      exposure: {
        ...publicExposure,
        limits: privateExposure.limits,
        corsOrigins: [SITE],
        trustedProxies: ['127.0.0.1'],
      },
      signIn: createSignIn(
        {
          accessTokens: null,
          apiKeys: [toKey('reader', reader, null), toKey('expired', expired, 1)],
        },
        systemClock,
        pino({ level: 'silent' }),
      ),
    }),
  );
  afterAll(() => gateway.stop());

  it.each(cases)('gets the same answer and counts the same as the first: %s', expectAlike);

  const header = fc.constantFrom(
    'Accept: */*',
    'Accept: application/graphql-response+json',
    'Accept: text/html',
    'Accept-Encoding: br',
    'Accept-Encoding: gzip;q=0.5, identity;q=0.1',
    'Connection: close',
    'Content-Encoding: identity',
    'Expect: 100-continue',
    `Origin: ${SITE}`,
    'Origin: https://evil.test',
    'Sec-Fetch-Site: same-origin',
    'Upgrade: h2c',
    'X-Forwarded-For: 203.0.113.7',
  );
  const anyRequest = fc.record({
    line: fc.constantFrom(
      'POST /graphql HTTP/1.1',
      'POST /graphql HTTP/1.0',
      'POST /graphql/ HTTP/1.1',
    ),
    type: fc.constantFrom(
      'application/json',
      'application/json; charset=utf-8',
      'application/json; charset="utf-8"',
      'application/json; charset=latin1',
    ),
    more: fc
      .tuple(
        fc.constantFrom(reader, reader, reader, expired, stranger),
        fc.array(header, { maxLength: 4 }),
      )
      .map(([caller, headers]) => as(caller, ...headers).more ?? []),
    toBody: fc.constantFrom(
      toJson,
      padded(100),
      padded(20_000),
      (query: string) => ` ${toJson(query)}`,
      (query: string) => `{"query":"{ no }","query":${JSON.stringify(query)}}`,
      (query: string) => `[${toJson(query)}]`,
    ),
    isChunked: fc.boolean(),
  });

  it('gets the same answer, however it is sent and was sent before', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, anyRequest, async (asked, before) => {
        const first = await ask(asked, newQuestion());
        const query = newQuestion();
        await ask(before, query);
        const second = await ask(asked, query);
        const third = await ask(asked, query);
        expect(withoutNames(second.left)).toEqual(withoutNames(first.left));
        expect(third.left).toEqual(second.left);
      }),
      { numRuns: 60 },
    );
  });
});

describe('a client that reads nothing', () => {
  beforeEach(() => start(100));
  afterEach(() => gateway.stop());

  it('gets no more answers than its connection takes, and all of them once it reads', async () => {
    const query = newQuestion();
    const bytes = toBytes({}, query);
    await ask({}, query);
    const [accepted] = await Promise.all([
      once(gateway.server, 'connection').then(([socket]) => socket as Socket),
      ask({}, query),
    ]);
    const answerBytes = accepted.bytesWritten;
    const arriving = once(gateway.server, 'connection').then(([socket]) => socket as Socket);
    const socket = open().pause();
    const answeredBefore = gateway.reports.length;
    for (let count = 0; count < PIPELINED; count += 1) socket.write(bytes);
    const deaf = await arriving;
    // Others are answered meanwhile, until nothing changes any more.
    let others = 0;
    const answered = () => gateway.reports.length - answeredBefore - others;
    for (let last = -1; last !== answered(); ) {
      last = answered();
      for (let count = 0; count < 20; count += 1, others += 1) await ask({}, query);
    }
    const taken = deaf.bytesWritten - deaf.writableLength;
    expect(answered()).toBeLessThan(PIPELINED);
    expect(answered() * answerBytes - taken).toBeLessThan(4 * deaf.writableHighWaterMark);
    let read = 0;
    for await (const part of socket) {
      read += (part as Buffer).length;
      if (read >= PIPELINED * answerBytes) break;
    }
    expect(read).toBe(PIPELINED * answerBytes);
  });
});

describe('a drain that begins while a body arrives', () => {
  beforeEach(() => start(1));
  afterEach(() => gateway.stop());

  it.each(['asked before', 'not asked before'])(
    'closes the connection of a question %s',
    async (which) => {
      const query = newQuestion();
      if (which === 'asked before') await ask({}, query);
      const bytes = toBytes({}, query);
      const socket = open();
      const arrived = once(gateway.server, 'request');
      socket.write(bytes.subarray(0, -5));
      await arrived;
      gateway.drain();
      socket.write(bytes.subarray(-5));
      const answer = await readAnswer(socket);
      expect(answer?.status).toBe(503);
      expect(answer?.headers.map((header) => header.toLowerCase())).toContain('connection: close');
    },
  );
});
