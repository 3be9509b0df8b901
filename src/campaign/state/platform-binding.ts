import { isLoopback } from '../../adobe/loopback.js';
import type { PlatformSettings } from '../upload/platform-client.js';
import { type StateDatabase, StateUnusableError } from './state-database.js';

/** Binds a state to one Platform. */
export interface PlatformBinding {
  /**
   * Make sure that the state belongs to this Platform. A state that has sent nothing yet belongs to it from now on. A
   * watermark says what one Platform has accepted: with another one, everything below it would never be sent.
   *
   * @throws {StateUnusableError} it belongs to another one
   * @see docs/adr/0023-a-data-folder-is-of-one-platform.md
   */
  bind(platform: Pick<PlatformSettings, 'url' | 'imsOrg' | 'sandbox'>): void;
}

/** Create the binding of the state's database. */
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
        `${path} records what was sent to ${known}, but batches now go to ${identity}, which does not have it: set DATA_DIR to another folder, or restore the PLATFORM_ settings.`,
      );
    },
  };
}

/** Describes a Platform to people. All receivers on this machine count as one, because their ports and names change. */
function identityOf({ url, imsOrg, sandbox }: Parameters<PlatformBinding['bind']>[0]): string {
  const { host, hostname } = new URL(url);
  if (isLoopback(hostname)) return 'the receiver of this machine';
  return `the sandbox ${sandbox} of ${imsOrg} at ${host}`;
}
