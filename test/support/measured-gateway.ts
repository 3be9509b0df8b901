import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { startGateway } from '../../src/gateway.js';
import { silentLogger } from './silent-logger.js';
import { toTestConfig } from './test-gateway.js';

/** Its answer to any message: the heap after a garbage collection, in bytes. */
export interface HeapReport {
  readonly heapBytes: number;
}

/**
 * A gateway in a process of its own, to be forked with `--expose-gc` and the upstream’s URL. Sends its own URL
 * once it is ready, then a {@link HeapReport} for each message. Ends with its parent.
 */
const [upstreamUrl = ''] = process.argv.slice(2);
const MEASURES = 5;

const dataDir = await mkdtemp(join(tmpdir(), 'measured-gateway-'));
const gateway = await startGateway(
  {
    ...toTestConfig(upstreamUrl),
    timeoutMs: 10_000,
    pollMinMs: 60_000,
    pollMaxMs: 60_000,
    database: { kind: 'sqlite', dataDir },
  },
  silentLogger,
  (error) => {
    throw error;
  },
);

process.on('message', async () => {
  const heapBytes: number[] = [];
  for (let i = 0; i < MEASURES; i += 1) {
    // What callbacks release becomes garbage only after they have run.
    await setImmediate();
    globalThis.gc?.();
    heapBytes.push(process.memoryUsage().heapUsed);
  }
  heapBytes.sort((a, b) => a - b);
  process.send?.({ heapBytes: heapBytes[Math.floor(MEASURES / 2)] ?? 0 } satisfies HeapReport);
});
process.on('disconnect', async () => {
  await gateway.stop();
  await rm(dataDir, { recursive: true });
});
process.send?.(gateway.url);
