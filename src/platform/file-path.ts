import { Problem } from './problem.js';

/** The longest name that common file systems allow. In bytes. */
const LONGEST_NAME_BYTES = 255;

/**
 * The name under which a batch stores a file: its whole path, encoded so that it leads nowhere else.
 *
 * @param path - from the client; it may contain folders
 * @throws {Problem} 400, the path is not valid
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

/** The path of a file that is stored under a name. */
export function toFilePath(name: string): string {
  return decodeURIComponent(name);
}
