import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Batches } from './batches.js';
import { writeBody } from './body-file.js';
import { toStoredName } from './file-path.js';
import { createLargeFile, parseContentRange } from './large-file.js';
import { firstFileOf } from './multipart-body.js';
import { Problem } from './problem.js';
import { readOnce } from './query.js';

/** Adobe's limit for a file is 256 MB, which this reads generously. In bytes. */
export const MAX_FILE_BYTES = 256 * 1024 * 1024;

/** Adobe's limit of a chunk. In bytes. */
const MAX_CHUNK_BYTES = 512_000_000;

const PATH = '/data/foundation/import/batches/:batchId/datasets/:dataSetId/files/*';

interface FileRoute {
  Params: { batchId: string; dataSetId: string; '*': string };
}

/** Serve uploads of files, whole or in chunks. */
export function addUploadRoutes(app: FastifyInstance, batches: Batches): void {
  /** What a call refers to. @throws {Problem} */
  function targetOf({ params }: FastifyRequest<FileRoute>) {
    const { batchId, dataSetId } = params;
    if (batches.find(batchId).dataSetId !== dataSetId) {
      throw new Problem(404, `Batch ${batchId} is not of dataset ${dataSetId}`);
    }
    batches.findLoading(batchId);
    const folder = batches.folderOf(batchId);
    const name = toStoredName(params['*']);
    const take = (temporary: string) => batches.take(batchId, temporary, name);
    const largeFile = createLargeFile(join(folder.chunks, name));
    // Documented for some calls of large files. Clients parse JSON after all of them.
    const tell = async () => ({ name: params['*'], sizeInBytes: await largeFile.sizeBytes() });
    return { folder, take, largeFile, tell };
  }

  app.put<FileRoute>(PATH, async (request, reply) => {
    const { folder, take } = targetOf(request);
    const body = bodyOf(request, MAX_FILE_BYTES);
    await using file = await writeBody(folder.incoming, body, MAX_FILE_BYTES);
    await take(file.location);
    return reply.code(200).send();
  });

  app.post<FileRoute>(PATH, async (request, reply) => {
    const { folder, take, largeFile, tell } = targetOf(request);
    switch (readOnce(request.query, 'action')?.toUpperCase()) {
      case 'INITIALIZE':
        await largeFile.initialize();
        return reply.code(201).send(await tell());
      case 'COMPLETE': {
        const told = await tell();
        await take(await largeFile.join(folder.incoming));
        await largeFile.drop();
        return reply.code(201).send(told);
      }
      default:
        throw new Problem(400, 'action must be INITIALIZE or COMPLETE');
    }
  });

  app.patch<FileRoute>(PATH, async (request, reply) => {
    const { folder, largeFile, tell } = targetOf(request);
    const range = parseContentRange(request.headers['content-range']);
    const body = chunkOf(request);
    await using chunk = await writeBody(folder.incoming, body, MAX_CHUNK_BYTES);
    if (chunk.sizeBytes !== range.end - range.start + 1) {
      throw new Problem(400, `Content-Range does not fit a body of ${chunk.sizeBytes} bytes`);
    }
    await largeFile.add(range, chunk.location);
    return reply.code(200).send(await tell());
  });

  app.head<FileRoute>(PATH, async (request, reply) => {
    const sizeBytes = await targetOf(request).largeFile.sizeBytes();
    return reply.header('range', `bytes=0-${Math.max(0, sizeBytes - 1)}`).send();
  });
}

/** A chunk's bytes, which Adobe's specification also describes as a file in a form. @throws {Problem} */
function chunkOf(request: FastifyRequest<FileRoute>): Readable {
  const { headers, body } = request;
  const type = headers['content-type'] ?? '';
  if (!/^multipart\/form-data\b/i.test(type)) return bodyOf(request, MAX_CHUNK_BYTES);
  return firstFileOf(body instanceof Readable ? body : Readable.from([]), type);
}

/** @throws {Problem} 415; 413 if the given length exceeds the limit */
function bodyOf({ headers, body }: FastifyRequest<FileRoute>, maxBytes: number): Readable {
  if (!/^application\/octet-stream\b/i.test(headers['content-type'] ?? '')) {
    throw new Problem(415, 'content-type must be application/octet-stream');
  }
  if (Number(headers['content-length']) > maxBytes) {
    throw new Problem(413, `The body exceeds ${maxBytes} bytes`);
  }
  return body instanceof Readable ? body : Readable.from([]);
}
