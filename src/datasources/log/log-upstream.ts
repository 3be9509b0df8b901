import { readMeta, writeMeta } from './ingestion-log.meta.js';
import { type LogDatabase, LogUnusableError } from './log-database.js';

/**
 * Make sure that a log is of this upstream; a new one is from now on. Request ids mean something at one
 * upstream only: taken for those of another, the log would answer for requests that it has never seen.
 *
 * @param identity - says to people which upstream it is
 * @throws {LogUnusableError} the log is of another one
 */
export async function bindToUpstream(
  database: Pick<LogDatabase, 'commit' | 'name' | 'howToReplace'>,
  identity: string,
): Promise<void> {
  const kept = await database.commit(async (transaction) => {
    const known = await readMeta(transaction, 'upstream');
    if (known === null) await writeMeta(transaction, 'upstream', identity);
    return { value: known ?? identity, hasChanged: known === null };
  });
  if (kept === identity) return;
  throw new LogUnusableError(
    `${database.name} holds the log of ${kept}, and the upstream is ${identity} now, whose request ids are others. ${database.howToReplace}`,
  );
}
