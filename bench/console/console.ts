import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { openCutOffBrowser } from '../../test/support/browser.js';
import { startTestGateway } from '../../test/support/test-gateway.js';
import { fillLog } from '../support/filled-log.js';

/**
 * What the console costs those who open it, in Chromium, with a log of 10,000 ingestions: its size, its requests, the
 * time to the first rows, and how smoothly all rows scroll. Prints each figure beside its limit, and fails if one
 * is above it.
 *
 *     npm run bench:console -- [ingestions] [loads]
 */
const [ingestions = 10_000, loads = 9] = process.argv.slice(2).map(Number);

/** In px, per frame. */
const SCROLL_STEP_PX = 180;

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
}

await using running = new AsyncDisposableStack();
const dataDir = await mkdtemp(join(tmpdir(), 'bench-console-'));
running.defer(() => rm(dataDir, { recursive: true, maxRetries: 3 }));
await fillLog(dataDir, {
  finishedRequests: ingestions,
  runningRequests: 0,
  observedAt: Date.now(),
});
// Nothing is asked of the upstream.
const gateway = await startTestGateway('http://127.0.0.1:9', { dataDir });
running.defer(() => gateway.stop());
const { page } = running.use(await openCutOffBrowser(gateway.url));

const figures: readonly Figure[] = [...(await measureLoad(page)), ...(await measureScroll(page))];
console.log(`The console with ${ingestions} ingestions, in Chromium\n`);
for (const { name, value, limit, unit } of figures) {
  const shown = `${value.toFixed(value < 100 ? 1 : 0)} ${unit}`;
  const verdict = value > limit ? '  ABOVE IT' : '';
  console.log(`${name.padEnd(44)}${shown.padStart(12)}   limit ${limit} ${unit}${verdict}`);
}
process.exitCode = figures.some(({ value, limit }) => value > limit) ? 1 : 0;

/** Opened for the first time, then again with a warm cache: the median of the loads. */
async function measureLoad(page: Page): Promise<Figure[]> {
  const responses: Promise<{ readonly path: string; readonly bytes: number }>[] = [];
  const collect = (response: Awaited<ReturnType<Page['waitForResponse']>>) =>
    void responses.push(
      response.body().then((body) => ({
        path: new URL(response.url()).pathname,
        bytes: gzipSync(body).length,
      })),
    );
  page.on('response', collect);
  const firstMs = await open(page);
  page.off('response', collect);
  const answers = await Promise.all(responses);
  const parts = answers.filter(({ path }) => path !== '/graphql');
  const durationsMs: number[] = [];
  for (let load = 0; load < loads; load += 1) durationsMs.push(await open(page));
  return [
    {
      name: 'first load, compressed with gzip',
      value: parts.reduce((sum, { bytes }) => sum + bytes, 0) / 1_000,
      limit: 180,
      unit: 'KB',
    },
    { name: 'requests for it', value: parts.length, limit: 5, unit: '' },
    {
      name: 'queries before the first rows',
      value: answers.length - parts.length,
      limit: 6,
      unit: '',
    },
    { name: 'time to rows, first load', value: firstMs, limit: 3_000, unit: 'ms' },
    {
      name: 'time to rows, median of later loads',
      value: toShare(durationsMs, 0.5),
      limit: 1_500,
      unit: 'ms',
    },
  ];
}

async function open(page: Page): Promise<number> {
  await page.goto('about:blank');
  await page.goto(gateway.url);
  await page.locator('.grid-body [role=row]').first().waitFor();
  return page.evaluate('performance.now()');
}

/** Down to the last row, while pages load, and up again. */
async function measureScroll(page: Page): Promise<Figure[]> {
  const { down, up } = await page.evaluate<{ down: number[]; up: number[] }>(`(async () => {
    const grid = document.querySelector('.grid');
    const frame = () => new Promise(requestAnimationFrame);
    const height = () => grid.querySelector('.grid-body').clientHeight;
    const scroll = async (step, isAtEnd) => {
      const frames = [];
      let before = await frame();
      while (!isAtEnd()) {
        grid.scrollTop += step;
        const now = await frame();
        frames.push(now - before);
        before = now;
      }
      return frames;
    };
    const isAtEnd = () =>
      height() >= ${ingestions} * 36 && grid.scrollTop + grid.clientHeight >= grid.scrollHeight - 1;
    const down = await scroll(${SCROLL_STEP_PX}, isAtEnd);
    return { down, up: await scroll(${-SCROLL_STEP_PX}, () => grid.scrollTop <= 0) };
  })()`);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  return [
    {
      name: 'frames while all rows load, median',
      value: toShare(down, 0.5),
      limit: 34,
      unit: 'ms',
    },
    {
      name: 'frames while all rows load, 95 %',
      value: toShare(down, 0.95),
      limit: 100,
      unit: 'ms',
    },
    { name: 'frames with all rows loaded, median', value: toShare(up, 0.5), limit: 34, unit: 'ms' },
    { name: 'frames with all rows loaded, 95 %', value: toShare(up, 0.95), limit: 67, unit: 'ms' },
    { name: 'heap with all rows loaded', value: usedSize / 1_000_000, limit: 40, unit: 'MB' },
  ];
}

function toShare(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
