import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { deserialize, serialize } from 'node:v8';
import { systemClock } from '../../src/adobe/clock.js';
import { createIngestionRunner } from '../../src/campaign/run/ingestion-run.js';
import type { Watermark } from '../../src/campaign/source/watermark.js';
import {
  createPlatformClient,
  type PlatformSettings,
} from '../../src/campaign/upload/platform-client.js';
import { peopleMapping } from './people-table.js';

/**
 * One run of the Campaign service's data path in a separate process. It begins at the watermark of a file, or at the
 * beginning if that does not exist, and writes the next one there.
 */
const [place = '', rejectsDir = '', settings = '{}', watermarkFile = ''] = process.argv.slice(2);

const NS_PER_MS = 1e6;
const SAMPLE_MS = 20;
const MB = 1024 * 1024;

const platform = createPlatformClient(JSON.parse(settings) as PlatformSettings, systemClock);
const runner = createIngestionRunner({ platform, rejectsDir, clock: systemClock });

const idleRss = process.memoryUsage.rss();
let peakRss = idleRss;
const sampler = setInterval(() => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, SAMPLE_MS);
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();

const startedAt = performance.now();
const idleCpu = process.cpuUsage();
let uploadedAt = startedAt;
let reached: Watermark | null = null;
const watermark: Watermark | null = existsSync(watermarkFile)
  ? deserialize(readFileSync(watermarkFile))
  : null;
const outcome = await runner.run(peopleMapping(place), watermark, {
  jobId: 1,
  onProgress() {},
  onBatchCreated() {},
  onSourceRead(read) {
    reached = read;
  },
  onBatchWhole() {},
  onUploaded() {
    uploadedAt = performance.now();
  },
  signal: new AbortController().signal,
});
const seconds = (performance.now() - startedAt) / 1_000;
const { user, system } = process.cpuUsage(idleCpu);
delays.disable();
clearInterval(sampler);
await platform.close();
writeFileSync(watermarkFile, serialize(reached));

process.stdout.write(
  `${JSON.stringify({
    outcome,
    seconds,
    uploadSeconds: (uploadedAt - startedAt) / 1_000,
    cpuSeconds: (user + system) / 1e6,
    peakMb: (peakRss - idleRss) / MB,
    delayMs: delays.max / NS_PER_MS,
  })}\n`,
);
