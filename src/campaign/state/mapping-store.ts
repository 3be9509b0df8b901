import type { MappingState } from './mapping-state.js';
import type { StateDatabase } from './state-database.js';

interface Row {
  readonly publication: 'published' | 'unpublished';
  readonly execution: 'started' | 'stopped';
  readonly next_run_at: number | null;
}

/** The state of each mapping, in the state's database. Its calls may be part of a transaction. */
export function createMappingStore({ sql }: StateDatabase) {
  const introduce = sql.prepare(
    'INSERT INTO mapping (id, publication, execution, next_run_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  const select = sql.prepare('SELECT * FROM mapping WHERE id = ?');
  const setState = sql.prepare(
    'UPDATE mapping SET publication = ?, execution = ?, next_run_at = ? WHERE id = ?',
  );

  function rowOf(mappingId: string): Row {
    const row = select.get(mappingId) as Row | undefined;
    if (row === undefined) throw new Error(`the state of mapping ${mappingId} is not known`);
    return row;
  }

  return {
    /** Record a mapping's first state. A known mapping keeps its state. */
    introduce: (mappingId: string, initial: MappingState) =>
      void introduce.run(mappingId, initial.publication, initial.execution, nextRunAtOf(initial)),

    /** @throws if the mapping was never introduced */
    stateOf: (mappingId: string) => toState(rowOf(mappingId)),

    setState: (mappingId: string, state: MappingState) =>
      void setState.run(state.publication, state.execution, nextRunAtOf(state), mappingId),
  };
}

/** When the mapping will run next, in ms since the epoch; null while it is stopped. */
export function nextRunAtOf(state: MappingState): number | null {
  return state.execution === 'started' ? state.nextRunAt : null;
}

function toState({ publication, next_run_at: nextRunAt }: Row): MappingState {
  if (publication === 'unpublished') return { publication, execution: 'stopped' };
  return nextRunAt === null
    ? { publication, execution: 'stopped' }
    : { publication, execution: 'started', nextRunAt };
}
