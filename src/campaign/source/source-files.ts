import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, matchesGlob } from 'node:path';
import type { CsvFile, NdjsonFile } from '../mapping/mapping.js';
import { SourceError } from './source.js';

const WILDCARD = /[*?[{]/;

/** The files of a source. */
export interface ListedFiles {
  /** The paths of those to read, in the order of their names. */
  readonly complete: readonly string[];
  /** The names of those that their writer has not marked as complete. */
  readonly incomplete: readonly string[];
}

/**
 * Look up the files of a source. With a suffix for complete files, incomplete ones of a folder are left out, and a
 * single one is waited for.
 *
 * @throws {SourceError} there is nothing to read; the file system's error
 */
export async function listFiles({ path, ready }: CsvFile | NdjsonFile): Promise<ListedFiles> {
  const pattern = basename(path);
  if (!WILDCARD.test(pattern) || (await isThere(path))) {
    if (ready === undefined || (await isReady(path, ready))) return allComplete([path]);
    throw new SourceError(`waits for ${pattern}${ready}, to be written after it`, true);
  }
  const folder = dirname(path);
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
  const matching = names.filter((name) => matchesGlob(name, pattern)).sort();
  if (matching.length === 0 && names.length > 0) {
    throw new SourceError(
      `matches no file of the folder, which has ${names.sort().join(', ').slice(0, 500)}`,
      false,
    );
  }
  const paths = matching.map((name) => join(folder, name));
  if (ready === undefined) return allComplete(paths);
  const areReady = await Promise.all(paths.map((file) => isReady(file, ready)));
  return {
    complete: paths.filter((_file, index) => areReady[index]),
    incomplete: matching.filter((_name, index) => !areReady[index]),
  };
}

function allComplete(complete: readonly string[]): ListedFiles {
  return { complete, incomplete: [] };
}

/** True if the file that marks completion exists, and is not from an earlier hand-over. */
async function isReady(path: string, ready: string): Promise<boolean> {
  const [file, mark] = await Promise.all([statOf(path), statOf(`${path}${ready}`)]);
  return file !== null && mark !== null && mark.mtimeMs >= file.mtimeMs;
}

async function isThere(path: string): Promise<boolean> {
  return (await statOf(path)) !== null;
}

async function statOf(path: string): Promise<{ readonly mtimeMs: number } | null> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
