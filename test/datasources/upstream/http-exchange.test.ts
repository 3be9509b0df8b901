import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Pool } from 'undici';
import { exchange } from '../../../src/datasources/upstream/http-exchange.js';
import type { HttpPool } from '../../../src/datasources/upstream/http-pool.js';
import { hang, text } from '../../support/scripted-upstream.js';
import { releaseAfterTest, scripted } from './campaign-harness.js';

/** Just the connections. */
const bare = (pool: Pool): HttpPool => ({
  dispatch: (options, handler) => void pool.dispatch(options, handler),
  toRetryAfterMs: () => undefined,
  toProxyFault: () => undefined,
  destroy: () => pool.destroy(),
});

const request = { method: 'POST', path: '/', headers: {} } as const;

describe('one exchange, called off', () => {
  it('while connecting is unsent, and stays so when the connection comes after all', async () => {
    const upstream = await scripted();
    const { port } = new URL(upstream.url);
    const connecting = Promise.withResolvers<() => void>();
    const pool = new Pool(upstream.url, {
      connections: 1,
      connect: (_options, callback) => {
        const connectNow = () => {
          const socket = connect(Number(port), '127.0.0.1', () => callback(null, socket));
        };
        // The first connection waits for the test, later ones come at once.
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
    expect(await exchanged).toEqual({ kind: 'calledOff', isSent: false, cause: reason });

    connectNow();
    // The sentinel is next in the same queue. Had the first been written, it would have arrived before.
    upstream.otherwise(text(200, ''));
    const sentinel = { ...request, path: '/sentinel' };
    await exchange(bare(pool), sentinel, new AbortController().signal);
    expect(upstream.calls.map(({ rawPath }) => rawPath)).toEqual(['/sentinel']);
  });

  it('after sending is sent, and hangs up', async () => {
    const upstream = await scripted();
    const pool = new Pool(upstream.url);
    releaseAfterTest(() => pool.destroy());
    upstream.script(hang());
    const controller = new AbortController();
    const exchanged = exchange(bare(pool), request, controller.signal);
    const [call] = await upstream.arrived(1);
    controller.abort();
    expect(await exchanged).toMatchObject({ kind: 'calledOff', isSent: true });
    if (call) await upstream.hungUp(call);
  });

  it('beforehand sends nothing', async () => {
    const upstream = await scripted();
    const pool = new Pool(upstream.url);
    releaseAfterTest(() => pool.destroy());
    const exchanged = await exchange(bare(pool), request, AbortSignal.abort('no'));
    expect(exchanged).toEqual({ kind: 'calledOff', isSent: false, cause: 'no' });
    expect(upstream.calls).toEqual([]);
  });
});
