import { Problem } from './problem.js';

/** The longest name that common file systems take. In bytes. */
const LONGEST_NAME_BYTES = 255;

/**
 * The name under which a batch keeps a file: its whole path with nothing in it that leads anywhere.
 *
 * @param path - as the client gave it; it may contain folders
 * @throws {Problem} 400, the path cannot be one
 */
export function toStoredName(path: string): string {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new Problem(400, `${JSON.stringify(path)} is not a file path such as part-1.json`);
  }
  const name = encodeURIComponent(path);
  if (name.length > LONGEST_NAME_BYTES) {
    throw new Problem(400, `The file path exceeds ${LONGEST_NAME_BYTES} bytes when encoded`);
  }
  return name;
}

/** The path of a file that is kept under a name. */
export function toFilePath(name: string): string {
  return decodeURIComponent(name);
}
