import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../../src/adobe/clock.js';
import type { Mapping } from '../../../src/campaign/mapping/mapping.js';
import { createIngestionRunner } from '../../../src/campaign/run/ingestion-run.js';
import type { Watermark } from '../../../src/campaign/source/watermark.js';
import type { RunOutcome, RunPorts, WholeBatch } from '../../../src/campaign/state/run-outcome.js';
import { createPlatformClient } from '../../../src/campaign/upload/platform-client.js';
import { createSkippingClock } from './driven-clock.js';
import { startScriptedPlatform } from './scripted-platform.js';

export const DATASET = '6563a1f0c4d2e8b79a015e01';

/** Runs of one mapping against a scripted Platform; the harness keeps the watermark as the service does. */
export async function createRunHarness({
  fileBytes = 64 * 1024,
  clock = createSkippingClock(),
}: {
  readonly fileBytes?: number;
  readonly clock?: Clock;
} = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'run-'));
  const platform = await startScriptedPlatform();
  const client = createPlatformClient(platform.settings, clock);
  const runner = createIngestionRunner({
    platform: client,
    rejectsDir: join(dir, 'rejects'),
    fileBytes,
    clock,
  });
  const told: string[] = [];
  let watermark: Watermark | null = null;
  let proposed: Watermark | null = null;
  let whole: WholeBatch | null = null;
  let jobId = 0;

  function portsOf(signal: AbortSignal): RunPorts {
    return {
      jobId,
      onProgress() {},
      onBatchCreated: (batchId) => void told.push(`created ${batchId}`),
      onSourceRead(reached) {
        proposed = reached;
      },
      onBatchWhole(batch) {
        whole = batch;
        told.push(`whole ${batch.batchId}`);
      },
      onUploaded: () => void told.push('uploaded'),
      signal,
    };
  }

  return {
    dir,
    platform,
    runner,
    client,
    portsOf,
    /** What the run told its ports, in order. */
    told,
    whole: () => whole,
    watermark: () => watermark,
    /** Write a source file. */
    async write(name: string, content: string | Buffer): Promise<string> {
      const path = join(dir, name);
      await writeFile(path, content);
      return path;
    },
    async run(
      mapping: Mapping,
      signal: AbortSignal = new AbortController().signal,
    ): Promise<RunOutcome> {
      jobId += 1;
      const outcome = await runner.run(mapping, watermark, portsOf(signal));
      if (outcome.kind === 'succeeded') watermark = proposed;
      return outcome;
    },
    /** The rejects of the last run. */
    async rejects(): Promise<Record<string, unknown>[]> {
      const text = await readFile(join(dir, 'rejects', `job-${jobId}.ndjson`), 'utf8');
      return text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    },
    async [Symbol.asyncDispose]() {
      await client.close();
      await platform[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A mapping that sends a table's or file's `id` and `name`. */
export function mappingOf(source: Mapping['source'], changes: Partial<Mapping> = {}): Mapping {
  return {
    id: 'M',
    label: 'The mapping M',
    publication: 'published',
    execution: 'stopped',
    everyMs: null,
    source,
    key: 'id',
    changed: null,
    dataset: DATASET,
    recordsPerSecond: null,
    maxRejected: { kind: 'records', max: 0 },
    fields: [
      { column: 'id', to: '_id', as: 'string' },
      { column: 'name', to: 'person.name.firstName' },
    ],
    ...changes,
  };
}
