import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { statusAnswers } from '../support/campaign-answers.js';
import type { HeapReport } from '../support/measured-gateway.js';
import { untilMetric } from '../support/metrics.js';
import {
  json,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { sse, toStreamUrl } from '../support/stream-reader.js';

const ROUNDS = 2_500;
const WARM_UP_ROUNDS = 1_000;
const SOCKETS_AT_ONCE = 50;

/** A round may leave less than 700 bytes: a leaked subscription has several thousand. */
const MAX_GROWTH_BYTES = 1_000_000;

const IDLE_SOCKETS = 1_000;

/** A bare socket of the ws library takes half of it. */
const MAX_IDLE_BYTES = 5_500;

const script = fileURLToPath(new URL('../support/measured-gateway.js', import.meta.url));
const query = `subscription { ingestionStatusChanged(mappingId: "XDM44", requestId: "3520") { to } }`;

let upstream: ScriptedUpstream;
let child: ChildProcess;
let url: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.otherwise(json(200, statusAnswers.inProgress('XDM44', 3520)));
  child = fork(script, [upstream.url], { execArgv: ['--expose-gc'] });
  [url] = (await once(child, 'message')) as [string];
});

afterAll(async () => {
  child.disconnect();
  await once(child, 'exit');
  await upstream.close();
});

/** Subscribe, get the first event and unsubscribe; then again, but cut the connection in between. */
async function runTwoRounds(): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  const done = Promise.withResolvers<void>();
  const send = (message: unknown) => socket.send(JSON.stringify(message));
  const subscribe = (id: string) => send({ id, type: 'subscribe', payload: { query } });
  socket.on('open', () => send({ type: 'connection_init' }));
  socket.on('error', done.reject);
  socket.on('close', () => done.resolve());
  socket.on('message', (data) => {
    const { type, id } = JSON.parse(String(data)) as { type: string; id?: string };
    if (type === 'connection_ack') {
      subscribe('goodbye');
    } else if (type !== 'next') {
      done.reject(new Error(`It ended: ${data}`));
    } else if (id === 'goodbye') {
      send({ id, type: 'complete' });
      subscribe('none');
    } else {
      socket.terminate();
    }
  });
  await done.promise;
}

async function runRounds(count: number): Promise<void> {
  let left = count / 2;
  await Promise.all(
    Array.from({ length: SOCKETS_AT_ONCE }, async () => {
      for (; left > 0; await runTwoRounds()) left -= 1;
    }),
  );
}

/** Open streams of one operation that is refused. */
async function runRefusedStreams(count: number): Promise<void> {
  let left = count;
  await Promise.all(
    Array.from({ length: SOCKETS_AT_ONCE }, async () => {
      for (; left > 0; ) {
        left -= 1;
        await (
          await fetch(toStreamUrl(`${url}/graphql/stream`, '{ nod }'), { headers: sse })
        ).text();
      }
    }),
  );
}

/** Subscribe, and stay after the first event. */
async function subscribeAndStay(): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init' }));
  await once(socket, 'message');
  const id = crypto.randomUUID();
  socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }));
  await once(socket, 'message');
  return socket;
}

async function heapBytesWithout(): Promise<number> {
  await untilMetric(url, 'sluice_stream_listeners', 0);
  await untilMetric(url, 'sluice_websockets', 0);
  return heapBytes();
}

async function heapBytes(): Promise<number> {
  child.send('measure');
  const [report] = (await once(child, 'message')) as [HeapReport];
  return report.heapBytes;
}

describe('disconnecting subscribers', () => {
  it('leave no listener, socket or memory behind, even if half of them vanish', async () => {
    await runRounds(WARM_UP_ROUNDS);
    const before = await heapBytesWithout();
    await runRounds(ROUNDS - WARM_UP_ROUNDS);
    expect((await heapBytesWithout()) - before).toBeLessThan(MAX_GROWTH_BYTES);
  }, 120_000);

  it('leave nothing of streams that ended before they were read', async () => {
    await runRefusedStreams(200);
    const before = await heapBytesWithout();
    await runRefusedStreams(400);
    expect((await heapBytesWithout()) - before).toBeLessThan(MAX_GROWTH_BYTES);
  });
});

it('keeps little for a subscriber to whom nothing happens', async () => {
  await runRounds(WARM_UP_ROUNDS);
  const before = await heapBytesWithout();
  const sockets = await Promise.all(Array.from({ length: IDLE_SOCKETS }, subscribeAndStay));
  const bytes = (await heapBytes()) - before;
  for (const socket of sockets) socket.terminate();
  expect(bytes / IDLE_SOCKETS).toBeLessThan(MAX_IDLE_BYTES);
});
