import { setTimeout as delay } from 'node:timers/promises';
import { execute } from '../support/postgres.js';
import type { PostgresServer } from '../support/postgres-server.js';
import type { Fleet } from './fleet.js';

/** What happens to a fleet of replicas and their database. */
export const disturbances = [
  'kill',
  'freeze',
  'freezeShortly',
  'cutConnections',
  'restartPostgres',
  'restartReplica',
] as const;
export type Disturbance = (typeof disturbances)[number];

/** Long enough for calls and connections to run out. */
const LONG_FREEZE_MS = 9_000;
/** Short enough for nobody to notice. */
const SHORT_FREEZE_MS = 2_000;

/** What is disturbed. */
export interface Disturbed {
  readonly fleet: Fleet;
  readonly server: PostgresServer;
  readonly databaseUrl: string;
}

/**
 * Have one of them happen; resolves once the cause is over, which the consequences need not be.
 *
 * @param index - of the replica that it happens to, if it is to one
 */
export async function disturb(
  what: Disturbance,
  index: number,
  { fleet, server, databaseUrl }: Disturbed,
): Promise<void> {
  switch (what) {
    case 'kill':
      return fleet.kill(index);
    case 'freeze':
      return fleet.freeze(index, LONG_FREEZE_MS);
    case 'freezeShortly':
      return fleet.freeze(index, SHORT_FREEZE_MS);
    case 'cutConnections':
      for (let round = 0; round < 5; round += 1) {
        await execute(
          databaseUrl,
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
        );
        await delay(200);
      }
      return;
    case 'restartPostgres':
      return server.restart();
    case 'restartReplica':
      return fleet.replace(index);
  }
}
