import { LogUnusableError } from './datasources/log/log-database.js';
import { EMBEDDED_START_ERRORS } from './embedded-upstream.js';
import { LogUnavailableError } from './ingestion/gateway-error.js';
import { toListenErrorText } from './process/listen-error-text.js';
import { ListenError } from './server/listen.js';
import { ManifestInvalidError } from './server/operations/persisted-operations.js';

/** What an operator can fix, in one line; any other error with its stack. */
export function toPrintableError(error: unknown): Error | string {
  // The database's own error says more than that it is not available now.
  if (error instanceof LogUnavailableError) return toUnavailableText(error);
  if (error instanceof ListenError) return toListenErrorText(error, { host: 'HOST', port: 'PORT' });
  const isPlain = [LogUnusableError, ManifestInvalidError, ...EMBEDDED_START_ERRORS].some(
    (Plain) => error instanceof Plain,
  );
  return isPlain ? (error as Error).message : (error as Error);
}

function toUnavailableText({ cause }: LogUnavailableError): string {
  const why = cause instanceof Error ? ` (${cause.message})` : '';
  return `The log cannot be used now${why}. Check DATABASE_URL, or DATA_DIR, and how many connections the database, the user and a pooler allow.`;
}
