import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import type { IngestionRequest, RequestEnd } from './ingestion-request.js';

const requestId = z.int().positive();

const entry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('submitted'), requestId, mappingId: z.string() }),
  z.strictObject({
    kind: z.literal('ended'),
    requestId,
    end: z.discriminatedUnion('phase', [
      z.strictObject({ phase: z.literal('succeeded'), numRecords: z.int().nonnegative() }),
      z.strictObject({
        phase: z.literal('failed'),
        code: z.enum(['ACP-880056', 'ACP-880096']),
        batchId: z.string().nullable(),
      }),
      z.strictObject({ phase: z.literal('aborted') }),
    ]),
  }),
]);

type Entry = z.infer<typeof entry>;

/** The journal on the disk is not one that this service wrote. */
export class JournalCorruptError extends Error {
  override readonly name = 'JournalCorruptError';
}

/**
 * What happened to every request, so that ids never repeat and ends are not forgotten over a restart.
 *
 * Its calls are synchronous: an entry is on the disk before anybody is told of what it says, and no other
 * request comes between. There are two entries a run, so the blocked milliseconds do not matter.
 */
export interface RequestJournal {
  /** @throws the file system's error; nothing was submitted */
  submitted(requestId: number, mappingId: string): void;
  /** @throws the file system's error; after a restart the request would be one that never ended */
  ended(requestId: number, end: RequestEnd): void;
  close(): void;
}

/**
 * Open a journal, made where there is none.
 *
 * @returns the journal, and the requests in it, oldest first; one that never ended is `running`
 * @throws {JournalCorruptError} a line is not an entry. A last line that was cut short by a crash is
 * dropped: whoever wrote it was never told that it was written.
 */
export function openRequestJournal(path: string): {
  readonly journal: RequestJournal;
  readonly requests: readonly IngestionRequest[];
} {
  mkdirSync(dirname(path), { recursive: true });
  const descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
  try {
    const content = readFileSync(descriptor);
    let length = content.lastIndexOf('\n') + 1;
    if (length < content.length) ftruncateSync(descriptor, length);
    const requests = replay(path, content.toString('utf8', 0, length));

    const append = (added: Entry): void => {
      const line = Buffer.from(`${JSON.stringify(added)}\n`);
      try {
        writeAt(descriptor, line, length);
        fsyncSync(descriptor);
        length += line.length;
      } catch (error) {
        // A full disk may have taken half of the line, which the next entry must not be glued to.
        ftruncateSync(descriptor, length);
        throw error;
      }
    };
    return {
      requests,
      journal: {
        submitted: (requestId, mappingId) => append({ kind: 'submitted', requestId, mappingId }),
        ended: (requestId, end) => append({ kind: 'ended', requestId, end }),
        close: () => closeSync(descriptor),
      },
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** One write may take less than it is given: a disk that is almost full does not fail at once. */
function writeAt(descriptor: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
  }
}

function replay(path: string, text: string): IngestionRequest[] {
  const requests = new Map<number, IngestionRequest>();
  for (const [index, line] of text.split('\n').entries()) {
    if (line === '') continue;
    const change = parseEntry(`${path}:${index + 1}`, line);
    if (change.kind === 'submitted') {
      const { requestId, mappingId } = change;
      requests.set(requestId, { requestId, mappingId, state: { phase: 'running' } });
      continue;
    }
    const request = requests.get(change.requestId);
    if (request !== undefined) requests.set(change.requestId, { ...request, state: change.end });
  }
  return [...requests.values()];
}

function parseEntry(place: string, line: string): Entry {
  try {
    return entry.parse(JSON.parse(line));
  } catch (error) {
    throw new JournalCorruptError(`${place}: not an entry of a request journal`, { cause: error });
  }
}
