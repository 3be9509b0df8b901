import { isLoopback } from '../../adobe/loopback.js';
import type { PlatformSettings } from '../upload/platform-client.js';
import { type StateDatabase, StateUnusableError } from './state-database.js';

type Platform = Pick<PlatformSettings, 'url' | 'imsOrg' | 'sandbox'>;

/**
 * Make sure that the state belongs to this Platform. A state that has sent nothing yet belongs to it from now on. A
 * watermark says what one Platform has accepted: with another one, everything below it would never be sent.
 *
 * @throws {StateUnusableError} it belongs to another one
 * @see docs/adr/0023-a-data-folder-is-of-one-platform.md
 */
export function bindToPlatform(
  { sql, path, transaction }: StateDatabase,
  platform: Platform,
): void {
  const identity = identityOf(platform);
  const hasSent = sql.prepare(
    'SELECT 1 FROM job WHERE batch_id IS NOT NULL UNION ALL SELECT 1 FROM watermark LIMIT 1',
  );
  const known = transaction(() => {
    const row = sql.prepare('SELECT identity FROM platform').get();
    if (row !== undefined && hasSent.get() !== undefined) return row.identity;
    sql.exec('DELETE FROM platform');
    sql.prepare('INSERT INTO platform (identity) VALUES (?)').run(identity);
    return identity;
  });
  if (known === identity) return;
  throw new StateUnusableError(
    `${path} records what was sent to ${known}, but batches now go to ${identity}, which does not have it: set DATA_DIR to another folder, or restore the PLATFORM_ settings.`,
  );
}

/** Describes a Platform to people. All receivers on this machine count as one, because their ports and names change. */
function identityOf({ url, imsOrg, sandbox }: Platform): string {
  const { host, hostname } = new URL(url);
  if (isLoopback(hostname)) return 'the receiver of this machine';
  return `the sandbox ${sandbox} of ${imsOrg} at ${host}`;
}
