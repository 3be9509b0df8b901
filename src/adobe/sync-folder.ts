import { open } from 'node:fs/promises';

/** Flush a folder to the disk: only then does a new name in it survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  // Windows can't open a folder, and keeps names in its own journal.
  if (process.platform === 'win32') return;
  await using folder = await open(path, 'r');
  await folder.sync();
}
