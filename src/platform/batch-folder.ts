import { existsSync, readdirSync, renameSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '../adobe/sync-folder.js';
import { toFilePath } from './file-path.js';
import { Problem } from './problem.js';

/** Adobe's limit. */
const MAX_FILES_PER_BATCH = 1_500;

/** A file of a batch. */
export interface BatchFile {
  /** As the client named it. */
  readonly path: string;
  readonly location: string;
  readonly sizeBytes: number;
  /** Changes when the file is replaced. */
  readonly version: string;
}

/**
 * The folder of a batch's files.
 *
 *     files/       uploaded files, each complete from the moment it appears
 *     incoming/    uploads in progress; a crash may leave files here, which nothing reads
 *     chunks/      large files in pieces, one folder each
 *     row_errors/  diagnostics of bad rows
 *     failed/      bad rows of a batch that failed
 */
export type BatchFolder = ReturnType<typeof createBatchFolder>;

/** @param dir - the folder of this batch alone */
export function createBatchFolder(dir: string) {
  const uploaded = join(dir, 'files');
  const incoming = join(dir, 'incoming');
  const chunks = join(dir, 'chunks');

  async function file(name: string): Promise<BatchFile> {
    const location = join(uploaded, name);
    const { ino, mtimeNs, size } = await stat(location, { bigint: true });
    return {
      path: toFilePath(name),
      location,
      sizeBytes: Number(size),
      version: `${ino}-${mtimeNs}-${size}`,
    };
  }

  return {
    incoming,
    chunks,
    rowErrors: join(dir, 'row_errors'),
    failed: join(dir, 'failed'),

    /** Create the folders for uploads. */
    async make(): Promise<void> {
      for (const folder of [uploaded, incoming, chunks]) await mkdir(folder, { recursive: true });
      await syncFolder(dir);
    },

    /**
     * Add a complete file, which is already on disk, to the batch. It replaces one with the same name.
     *
     * @param checkOpen - throws if the batch accepts no more files
     * @throws {Problem} 400, the batch is full
     */
    async take(
      temporary: string,
      name: string,
      checkOpen: () => void,
    ): Promise<'created' | 'replaced'> {
      const location = join(uploaded, name);
      // Without a wait: nothing can complete the batch or fill it up between the checks and the rename.
      checkOpen();
      const isNew = !existsSync(location);
      if (isNew && readdirSync(uploaded).length >= MAX_FILES_PER_BATCH) {
        throw new Problem(400, `A batch has at most ${MAX_FILES_PER_BATCH} files`);
      }
      renameSync(temporary, location);
      await syncFolder(uploaded);
      return isNew ? 'created' : 'replaced';
    },

    /** One of the batch's files. @throws the file system's error */
    file,

    /** The batch's files, in the order of their names. */
    async files(): Promise<BatchFile[]> {
      const names = (await readdir(uploaded)).sort();
      return Promise.all(names.map(file));
    },

    /** Remove all files, and what was found out about them. */
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}
