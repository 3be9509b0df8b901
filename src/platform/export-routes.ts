import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Batches } from './batches.js';
import { Problem } from './problem.js';
import { readOnce } from './query.js';

/** Adobe's page size. There are never that many files of one kind. */
const PAGE_LIMIT = 100;

const BASE = '/data/foundation/export/batches/:batchId';
const ROW_ERRORS = 'row_errors';
const INPUT_FILES = 'input_files';
const INPUT_FILE_LIST = 'fileMetaData1.json';

interface ExportRoute {
  Params: { batchId: string };
}

/** Serve what is known about rows that were not ingested, and about a batch's files. */
export function addExportRoutes(app: FastifyInstance, batches: Batches): void {
  app.get<ExportRoute>(`${BASE}/meta`, async (request, reply) => {
    const { params, query } = request;
    const batch = batches.find(params.batchId);
    const folder = batches.folderOf(batch.id);
    const path = readOnce(query, 'path');
    if (path === undefined) {
      const kinds = [...(batch.hasErrorDiagnostics ? [ROW_ERRORS] : []), INPUT_FILES];
      return toList(
        kinds.map((kind) => ({ name: kind, sizeBytes: 0 })),
        'meta?path=',
        request,
      );
    }
    const [kind, name] = splitPath(path);
    switch (kind) {
      case ROW_ERRORS:
        return sendFrom(folder.rowErrors, name, `meta?path=${ROW_ERRORS}%2F`, request, reply);
      case INPUT_FILES: {
        const lines = (await folder.files()).map(({ path }) => `${JSON.stringify({ path })}\n`);
        const text = lines.join('');
        if (name === INPUT_FILE_LIST) return reply.type('application/json').send(text);
        if (name !== null) throw noFile(path);
        const file = { name: INPUT_FILE_LIST, sizeBytes: Buffer.byteLength(text) };
        return toList([file], `meta?path=${INPUT_FILES}%2F`, request);
      }
      default:
        throw new Problem(400, `path must begin with ${ROW_ERRORS} or ${INPUT_FILES}`);
    }
  });

  app.get<ExportRoute>(`${BASE}/failed`, async (request, reply) => {
    const { params, query } = request;
    const folder = batches.folderOf(batches.find(params.batchId).id);
    return sendFrom(folder.failed, readOnce(query, 'path') ?? null, 'failed?path=', request, reply);
  });
}

/** The kind of file that is requested, and which one; null for a list of all. */
function splitPath(path: string): readonly [string, string | null] {
  const [kind = '', ...rest] = path.split('/');
  return [kind, rest.length === 0 ? null : rest.join('/')];
}

async function sendFrom(
  dir: string,
  name: string | null,
  href: string,
  request: FastifyRequest<ExportRoute>,
  reply: FastifyReply,
): Promise<object> {
  const names = await readdir(dir).catch((): string[] => []);
  if (name !== null) {
    // Only what the folder lists, so that a name never leads out of it.
    if (!names.includes(name)) throw noFile(name);
    return reply.type('application/json').send(createReadStream(join(dir, basename(name))));
  }
  const sizes = names.sort().map(async (each) => {
    return { name: each, sizeBytes: (await stat(join(dir, each))).size };
  });
  return toList(await Promise.all(sizes), href, request);
}

function toList(
  files: readonly { readonly name: string; readonly sizeBytes: number }[],
  href: string,
  { protocol, host, params }: FastifyRequest<ExportRoute>,
) {
  const base = `${protocol}://${host}/data/foundation/export/batches/${params.batchId}`;
  return {
    data: files.map(({ name, sizeBytes }) => ({
      name,
      length: String(sizeBytes),
      _links: { self: { href: `${base}/${href}${encodeURIComponent(name)}` } },
    })),
    _page: { limit: PAGE_LIMIT, count: files.length },
  };
}

function noFile(path = ''): Problem {
  return new Problem(404, `There is no file ${path}`);
}
