import { connect } from 'node:net';
import {
  brotliCompressSync,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { exchange } from '../../../src/datasources/upstream/http-exchange.js';
import type { HttpPool } from '../../../src/datasources/upstream/http-pool.js';
import { hang, raw, type ScriptedAnswer, text } from '../../support/scripted-upstream.js';
import { releaseAfterEachTest, releaseAfterTest, scripted } from './campaign-harness.js';

releaseAfterEachTest();

/** Only the connections. */
const bare = (pool: Pool): HttpPool => ({
  dispatch: (options, handler) => void pool.dispatch(options, handler),
  toRetryAfterMs: () => undefined,
  toProxyError: () => undefined,
  destroy: () => pool.destroy(),
});

const request = { method: 'POST', path: '/', headers: {} } as const;

describe('a cancelled exchange', () => {
  it('is unsent while connecting, and stays so when the connection succeeds later', async () => {
    const upstream = await scripted();
    const { port } = new URL(upstream.url);
    const connecting = Promise.withResolvers<() => void>();
    const pool = new Pool(upstream.url, {
      connections: 1,
      connect: (_options, callback) => {
        const connectNow = () => {
          const socket = connect(Number(port), '127.0.0.1', () => callback(null, socket));
        };
        // The first connection waits for the test; later ones are immediate.
        connecting.resolve(connectNow);
        if (hasConnected) connectNow();
        hasConnected = true;
      },
    });
    let hasConnected = false;
    releaseAfterTest(() => pool.destroy());
    const reason = new Error('enough');
    const controller = new AbortController();
    const exchanged = exchange(bare(pool), request, controller.signal);
    const connectNow = await connecting.promise;
    controller.abort(reason);
    expect(await exchanged).toEqual({ kind: 'cancelled', isSent: false, cause: reason });

    connectNow();
    // The sentinel is next in the same queue. If the first request had been written, it would have arrived before.
    upstream.otherwise(text(200, ''));
    const sentinel = { ...request, path: '/sentinel' };
    await exchange(bare(pool), sentinel, new AbortController().signal);
    expect(upstream.calls.map(({ rawPath }) => rawPath)).toEqual(['/sentinel']);
  });

  it('is sent after its request left, and hangs up', async () => {
    const upstream = await scripted();
    const pool = new Pool(upstream.url);
    releaseAfterTest(() => pool.destroy());
    upstream.script(hang());
    const controller = new AbortController();
    const exchanged = exchange(bare(pool), request, controller.signal);
    const [call] = await upstream.arrived(1);
    controller.abort();
    expect(await exchanged).toMatchObject({ kind: 'cancelled', isSent: true });
    if (call) await upstream.hungUp(call);
  });

  it('sends nothing if it was cancelled beforehand', async () => {
    const upstream = await scripted();
    const pool = new Pool(upstream.url);
    releaseAfterTest(() => pool.destroy());
    const exchanged = await exchange(bare(pool), request, AbortSignal.abort('no'));
    expect(exchanged).toEqual({ kind: 'cancelled', isSent: false, cause: 'no' });
    expect(upstream.calls).toEqual([]);
  });
});

/** The result of an exchange with this answer. */
async function answered(answer: ScriptedAnswer) {
  const upstream = await scripted();
  const pool = new Pool(upstream.url);
  releaseAfterTest(() => pool.destroy());
  upstream.script(answer);
  const result = await exchange(bare(pool), request, new AbortController().signal);
  return { result, calls: upstream.calls };
}

describe('an unrequested compression', () => {
  const body = JSON.stringify({ status: 'Success', requestId: 3520, info: 'Zoë' });
  const encoded =
    (bytes: Uint8Array, encoding: string | string[] | null): ScriptedAnswer =>
    (response) => {
      if (encoding !== null) response.setHeader('content-encoding', encoding);
      response.writeHead(200).end(bytes);
    };
  const inLatin1 = Buffer.from(body, 'latin1');

  it('is ruled out by the request', async () => {
    const { calls } = await answered(text(200, body));
    expect(calls[0]?.headers['accept-encoding']).toBe('identity');
  });

  it.each<[string, Uint8Array, string | string[] | null, string?]>([
    ['gzip', gzipSync(body), 'gzip'],
    ['gzip by its old name', gzipSync(body), 'X-GZIP'],
    ['gzip without its end', gzipSync(body).subarray(0, -8), 'gzip'],
    ['deflate', deflateSync(body), 'deflate'],
    ['deflate without its head', deflateRawSync(body), 'deflate'],
    ['Brotli', brotliCompressSync(body), 'br'],
    ['Zstandard', zstdCompressSync(body), 'zstd'],
    ['gzip, twice', gzipSync(gzipSync(body)), 'gzip, gzip'],
    ['gzip, twice, in a header each', gzipSync(gzipSync(body)), ['gzip', 'gzip']],
    ['gzip, twice, declared once', gzipSync(gzipSync(body)), 'gzip'],
    ['Brotli within gzip', gzipSync(brotliCompressSync(body)), 'br, gzip'],
    ['gzip, declared as Brotli', gzipSync(body), 'br'],
    ['gzip, undeclared', gzipSync(body), null],
    ['none, declared as gzip', Buffer.from(body), 'gzip'],
    ['none, declared as deflate', Buffer.from(body), 'deflate'],
    ['none, declared as an unknown coding', Buffer.from(body), 'secret'],
    ['none, in windows-1252, declared as Brotli', inLatin1, 'br'],
    ['gzip of an empty body', new Uint8Array(), 'gzip', ''],
  ])('is decoded: %s', async (_, bytes, encoding, expected = body) => {
    const { result } = await answered(encoded(bytes, encoding));
    expect(result).toMatchObject({ kind: 'answered', status: 200, body: expected });
  });

  it.each([
    ['once', gzipSync(Buffer.alloc(64 * 1024 * 1024)), 'gzip'],
    ['twice', gzipSync(gzipSync(Buffer.alloc(64 * 1024 * 1024))), 'gzip, gzip'],
    ['as Brotli', brotliCompressSync(Buffer.alloc(2 * 1024 * 1024)), 'br'],
  ])('is not decoded past the size limit of an answer: %s', async (_, bytes, encoding) => {
    const { result } = await answered(encoded(bytes, encoding));
    expect(result).toMatchObject({ kind: 'unreadable' });
  });
});

describe('an answer', () => {
  const hello = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';

  it.each([
    ['after early hints', `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${hello}`, 200, 'hello'],
    [
      'after two 102 Processing',
      `${'HTTP/1.1 102 Processing\r\nretry-after: 60\r\n\r\n'.repeat(2)}${hello}`,
      200,
      'hello',
    ],
    ['with an empty body', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
    [
      'with trailers',
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: status\r\n\r\n5\r\nhello\r\n0\r\nstatus: 500\r\ncontent-encoding: gzip\r\n\r\n',
      200,
      'hello',
    ],
    ['without a length', 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello', 200, 'hello'],
  ])('is read %s', async (_, bytes, status, body) => {
    const { result } = await answered(raw(bytes));
    expect(result).toMatchObject({ kind: 'answered', status, body });
    expect(JSON.stringify(result)).not.toMatch(/retry-after|500/);
  });
});
