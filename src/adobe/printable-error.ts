import { toListenErrorText } from '../process/listen-error-text.js';
import { DataFolderUnusableError } from './data-folder.js';
import { addressSettings, ListenError } from './listen.js';
import { SettingsInvalidError } from './settings.js';

/** A class of errors. */
type ErrorClass = new (...args: never[]) => Error;

/**
 * Why a service that runs alone could not start, for its operator. An error that the operator can fix needs no stack.
 *
 * @param plain - errors of this service whose message says what to do
 */
export function toPrintableError(error: unknown, plain: readonly ErrorClass[]): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ListenError) return toListenErrorText(error, addressSettings[error.service]);
  const kinds = [SettingsInvalidError, DataFolderUnusableError, ...plain];
  const isPlain = 'code' in error || kinds.some((kind) => error instanceof kind);
  return isPlain ? error.message : (error.stack ?? error.message);
}
