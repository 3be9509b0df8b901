import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { type BatchVerdict, checkBatch, countClean } from './batch-check.js';
import { createBatchFolder } from './batch-folder.js';
import type { CheckReply, CheckRequest, CheckTask, CheckThreadData } from './check-messages.js';
import { createCleanFiles } from './clean-files.js';
import { createRecordCheck, type RecordCheck } from './record-check.js';

/**
 * The thread that checks records, one task after the other. Nothing else in the receiver takes long, so the thread of
 * its HTTP server, which may be the gateway's, is never blocked.
 *
 * @see docs/adr/0022-files-are-checked-as-they-arrive.md
 */
const { datasets, dir } = workerData as CheckThreadData;
const cleanFiles = createCleanFiles();
const checks = new Map<string, RecordCheck>();
const ends = new Map<number, AbortController>();
let now = 0;

function checkOf(dataSetId: string): RecordCheck {
  const dataset = datasets.get(dataSetId);
  if (dataset === undefined) throw new Error(`dataset ${dataSetId} is not there any more`);
  const check = checks.get(dataSetId) ?? createRecordCheck(dataset, { now: () => now });
  checks.set(dataSetId, check);
  return check;
}

async function perform(task: CheckTask, signal: AbortSignal): Promise<BatchVerdict | null> {
  const { batch } = task;
  const folder = createBatchFolder(join(dir, batch.id));
  const check = checkOf(batch.dataSetId);
  switch (task.kind) {
    case 'batch':
      return checkBatch(batch, folder, { check, cleanFiles, signal });
    case 'file': {
      const file = await folder.file(task.name);
      const records = await countClean(file.location, batch, check);
      if (records !== null) cleanFiles.add(file, records);
      return null;
    }
  }
}

async function answer({ id, task, now: askedAt }: CheckRequest & { kind: 'check' }) {
  const reply = (message: CheckReply) => parentPort?.postMessage(message);
  now = askedAt;
  const { signal } = ends.get(id) ?? new AbortController();
  try {
    signal.throwIfAborted();
    reply({ kind: 'checked', id, verdict: await perform(task, signal) });
  } catch (error) {
    reply({ kind: 'failed', id, error: error as Error });
  } finally {
    ends.delete(id);
  }
}

let last = Promise.resolve();
parentPort?.on('message', (request: CheckRequest) => {
  switch (request.kind) {
    case 'check':
      ends.set(request.id, new AbortController());
      last = last.then(() => answer(request));
      return;
    case 'cancel':
      ends.get(request.id)?.abort();
      return;
  }
});
