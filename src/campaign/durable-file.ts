import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Text is gathered up to about this many characters before it is written. */
const WRITE_SIZE = 64 * 1024;

/** A file that appears under its name whole and on the disk, or not at all. */
export interface DurableFile {
  /** Add text at the end. */
  append(text: string): Promise<void>;
  /**
   * Bring everything to the disk and give the file its name. A file that has the name already is never
   * overwritten.
   *
   * @throws the file system's error, EEXIST where the name is taken; nothing is left behind
   */
  seal(): Promise<void>;
  /** Drop the file. Safe to repeat and after a failure. */
  discard(): Promise<void>;
}

/**
 * Begin a file. Until it is sealed it lies beside its place under a hidden name that ends in `.tmp`.
 *
 * @param path - in a folder that exists
 */
export async function createDurableFile(path: string): Promise<DurableFile> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(4).toString('hex')}.tmp`);
  const handle = await open(temporary, 'wx');
  let gathered = '';
  let isOpen = true;

  async function flush(): Promise<void> {
    const text = gathered;
    gathered = '';
    if (text !== '') await handle.writeFile(text);
  }

  async function discard(): Promise<void> {
    if (!isOpen) return;
    isOpen = false;
    await handle.close();
    await unlink(temporary);
  }

  return {
    async append(text) {
      gathered += text;
      if (gathered.length >= WRITE_SIZE) await flush();
    },

    async seal() {
      try {
        await flush();
        await handle.sync();
        // A rename would silently replace what has the name; a link refuses to.
        await link(temporary, path);
      } finally {
        await discard();
      }
      await syncFolder(dirname(path));
    },

    discard,
  };
}

/** Bring a folder to the disk: only then does a new name in it survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder, and keeps names in its own journal.
  if (process.platform === 'win32') return;
  let folder: FileHandle | null = null;
  try {
    folder = await open(path, 'r');
    await folder.sync();
  } finally {
    await folder?.close();
  }
}
