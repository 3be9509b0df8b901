import { isLoopback } from '../../adobe/loopback.js';
import type { PlatformSettings } from '../upload/platform-client.js';
import { type StateDatabase, StateUnusableError } from './state-database.js';

/** Holds a state to the one Platform that it tells of. */
export interface PlatformBinding {
  /**
   * Make sure that the state is of this Platform; one that has sent nothing yet is from now on. A watermark
   * tells what one Platform has accepted: taken for another’s, that one would never get what is below it.
   *
   * @throws {StateUnusableError} it is of another one
   * @see docs/adr/0023-a-data-folder-is-of-one-platform.md
   */
  bind(platform: Pick<PlatformSettings, 'url' | 'imsOrg' | 'sandbox'>): void;
}

/** Build the binding of the state's database. */
export function createPlatformBinding({ sql, path, transaction }: StateDatabase): PlatformBinding {
  const select = sql.prepare('SELECT identity FROM platform');
  const hasSent = sql.prepare(
    'SELECT 1 FROM job WHERE batch_id IS NOT NULL UNION ALL SELECT 1 FROM watermark LIMIT 1',
  );
  const clear = sql.prepare('DELETE FROM platform');
  const insert = sql.prepare('INSERT INTO platform (identity) VALUES (?)');
  return {
    bind(platform) {
      const identity = identityOf(platform);
      const known = transaction(() => {
        const row = select.get() as { identity: string } | undefined;
        if (row !== undefined && hasSent.get() !== undefined) return row.identity;
        clear.run();
        insert.run(identity);
        return identity;
      });
      if (known === identity) return;
      throw new StateUnusableError(
        `${path} tells what was sent to ${known}, and batches go to ${identity} now, which has not got it: set DATA_DIR to another folder, or the PLATFORM_ settings to what they were.`,
      );
    },
  };
}

/** Says to people which Platform it is. Receivers of this machine are one: ports and names change there. */
function identityOf({ url, imsOrg, sandbox }: Parameters<PlatformBinding['bind']>[0]): string {
  const { host, hostname } = new URL(url);
  if (isLoopback(hostname)) return 'the receiver of this machine';
  return `the sandbox ${sandbox} of ${imsOrg} at ${host}`;
}
