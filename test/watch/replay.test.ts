import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ReportedState, RequestRef } from '../../src/ingestion/ingestion-request.js';
import type { Scope } from '../../src/ingestion/ports.js';
import type { Transition } from '../../src/ingestion/transition.js';
import { createHub } from '../../src/watch/hub.js';
import { TransitionStream } from '../../src/watch/replay.js';
import { settle } from '../support/manual-clock.js';
import { createMemoryLog } from '../support/memory-log.js';

const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };
const finished: ReportedState = { status: 'SUCCESS', info: '', batchId: null, numRecords: 1 };
const all: Scope = { kind: 'all' };

function createSubject() {
  const log = createMemoryLog();
  const hub = createHub();
  log.onAppended((transition) => hub.publish(transition));
  const open = (scope: Scope, after = 0) => new TransitionStream(log, hub, scope, after);
  const append = (requestId: string, state: ReportedState = running) =>
    log.append({ ref: { mappingId: 'm', requestId }, seen: state, observedAt: 0 });
  return { log, hub, open, append };
}

async function take(stream: TransitionStream, count: number): Promise<Transition[]> {
  const taken: Transition[] = [];
  while (taken.length < count) {
    const step = await stream.next();
    if (step.done) break;
    taken.push(step.value);
  }
  return taken;
}

const requestIds = (transitions: Transition[]) => transitions.map(({ ref }) => ref.requestId);

describe('a stream of transitions', () => {
  it('gives what is in the log first, then what happens', async () => {
    const { open, append } = createSubject();
    await append('1');
    const stream = open(all);
    expect(requestIds(await take(stream, 1))).toEqual(['1']);
    const next = take(stream, 2);
    await settle();
    await append('2');
    await append('3');
    expect(requestIds(await next)).toEqual(['2', '3']);
  });

  it('goes on behind the position it is given', async () => {
    const { open, append } = createSubject();
    for (const id of ['1', '2', '3']) await append(id);
    expect(requestIds(await take(open(all, 1), 2))).toEqual(['2', '3']);
  });

  it('ends after the terminal transition of its request', async () => {
    const { open, append, hub } = createSubject();
    const ref = { mappingId: 'm', requestId: '1' };
    await append('1');
    const stream = open({ kind: 'request', ref });
    await take(stream, 1);
    await append('1', finished);
    expect(await take(stream, 5)).toMatchObject([{ from: 'IN_PROGRESS', to: finished }]);
    expect(hub.listenerCount).toBe(0);
  });

  it('ends at once when resumed behind the terminal transition', async () => {
    const { open, append, log } = createSubject();
    const ref = { mappingId: 'm', requestId: '1' };
    await append('1', finished);
    expect(await take(open({ kind: 'request', ref }, await log.head()), 1)).toEqual([]);
  });

  it('does not hang when the request ends between its registration and the log being read', async () => {
    const { log, hub, append } = createSubject();
    const ref: RequestRef = { mappingId: 'm', requestId: '1' };
    await append('1');
    let isAppended = false;
    const slowLog = {
      find: log.find,
      async read(...args: Parameters<typeof log.read>) {
        const page = await log.read(...args);
        if (!isAppended) await append('1', finished);
        isAppended = true;
        return page;
      },
    };
    const stream = new TransitionStream(slowLog, hub, { kind: 'request', ref }, 0);
    const statuses = (await take(stream, 5)).map(({ to }) => to.status);
    expect(statuses).toEqual(['IN_PROGRESS', 'SUCCESS']);
  });

  it('registers with nobody before it is first asked, so that one never used leaves nothing behind', () => {
    const { open, hub } = createSubject();
    for (let i = 0; i < 1_000; i += 1) open(all);
    expect(hub.listenerCount).toBe(0);
  });

  it('lets go at once when its reader leaves in the middle of waiting', async () => {
    const { open, hub } = createSubject();
    const stream = open(all);
    const waiting = stream.next();
    await settle();
    expect(hub.listenerCount).toBe(1);
    await stream.return();
    expect(hub.listenerCount).toBe(0);
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it('lets go when its reader leaves while the log is being read', async () => {
    const { log, hub, append } = createSubject();
    await append('1');
    const stream: TransitionStream = new TransitionStream(
      {
        find: log.find,
        async read(...args) {
          await stream.return();
          return log.read(...args);
        },
      },
      hub,
      all,
      0,
    );
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(hub.listenerCount).toBe(0);
  });

  it('fails and lets go when the log cannot be read', async () => {
    const { hub, log } = createSubject();
    const broken = { find: log.find, read: () => Promise.reject(new Error('disk')) };
    const stream = new TransitionStream(broken, hub, all, 0);
    await expect(stream.next()).rejects.toThrow('disk');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(hub.listenerCount).toBe(0);
  });

  it('answers several next() at once in their order', async () => {
    const { open, append } = createSubject();
    const stream = open(all);
    const steps = [stream.next(), stream.next(), stream.next()];
    await settle();
    for (const id of ['1', '2', '3']) await append(id);
    const values = (await Promise.all(steps)).map((step) => step.value?.ref.requestId);
    expect(values).toEqual(['1', '2', '3']);
  });

  it('loses nothing for a reader that falls a thousand transitions behind', async () => {
    const { open, append } = createSubject();
    const stream = open(all);
    const first = stream.next();
    await settle();
    for (let i = 1; i <= 1_000; i += 1) await append(String(i));
    await first;
    const rest = requestIds(await take(stream, 999));
    expect(rest).toEqual(Array.from({ length: 999 }, (_, i) => String(i + 2)));
  });

  it('gives every transition once and in order, however appending, reading, leaving and returning interleave', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('burst' as const), count: fc.integer({ min: 1, max: 600 }) }),
      fc.record({ kind: fc.constant('read' as const), count: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ kind: fc.constant('reconnect' as const), count: fc.constant(0) }),
      fc.record({ kind: fc.constant('wait' as const), count: fc.constant(0) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const { open, append, hub, log } = createSubject();
        let appendedCount = 0;
        let waiting: Promise<void> | null = null;
        const received: Transition[] = [];
        let stream = open(all);
        const readOne = async () => {
          const { value } = await stream.next();
          if (value) received.push(value);
        };
        for (const { kind, count } of steps) {
          switch (kind) {
            case 'burst':
              for (let i = 0; i < count; i += 1) {
                appendedCount += 1;
                await append(String(appendedCount));
              }
              await waiting;
              waiting = null;
              break;
            case 'read':
              for (let i = 0; i < count && received.length < appendedCount; i += 1) await readOne();
              break;
            case 'reconnect':
              await stream.return();
              await waiting;
              waiting = null;
              stream = open(all, received.at(-1)?.position ?? 0);
              break;
            case 'wait':
              if (received.length === appendedCount && !waiting) {
                waiting = readOne();
                await settle();
              }
              break;
          }
        }
        while (received.length < appendedCount) await readOne();
        await stream.return();
        await waiting;
        expect(received).toEqual(await log.read(all, 0, 100_000));
        expect(hub.listenerCount).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});
