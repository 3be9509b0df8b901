import type { Clock } from '../../adobe/clock.js';
import type { Logger } from '../../adobe/logger.js';
import type { Mapping } from '../mapping/mapping.js';
import { type ChangeOutcome, changeMapping, type MappingChange } from '../state/mapping-state.js';
import type { State } from '../state/state.js';

/** Changes that administrators make to mappings. */
export interface Administration {
  /**
   * Change the state of a mapping, if that makes sense now.
   *
   * @throws the database's error; nothing was changed
   */
  change(mapping: Mapping, change: MappingChange): ChangeOutcome;
}

/** @param onChanged - called after each change, because there may be something to run */
export function createAdministration({
  state,
  clock,
  logger,
  onChanged,
}: {
  readonly state: State;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChanged: () => void;
}): Administration {
  return {
    change({ id }, change) {
      const outcome = state.transaction(() => {
        const runningJobId = state.jobs.runningOf(id)?.id ?? null;
        const asked = changeMapping(state.mappings.stateOf(id), change, {
          runningJobId,
          now: clock.now(),
        });
        if (asked.kind === 'refused') return asked;
        state.mappings.setState(id, asked.state);
        if (change.kind === 'publish' && change.resendFromBeginning) {
          state.watermarks.forget(id);
          state.jobs.noteDecided(id);
        }
        return asked;
      });
      if (outcome.kind === 'changed') {
        logger.info({ mappingId: id, change, state: outcome.state }, 'a mapping was changed');
        onChanged();
      }
      return outcome;
    },
  };
}
