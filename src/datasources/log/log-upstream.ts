import { readMeta, writeMeta } from './ingestion-log.meta.js';
import { type LogDatabase, LogUnusableError } from './log-database.js';

/**
 * Make sure that a log belongs to this upstream. A new log belongs to it from now on. Request ids have a meaning at
 * one upstream only: with another one, the log would answer for requests that it has never seen.
 *
 * @param identity - describes the upstream to people
 * @throws {LogUnusableError} the log belongs to another one
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
    `${database.name} holds the log of ${kept}, and the upstream is ${identity} now, which has other request ids. ${database.howToReplace}`,
  );
}
