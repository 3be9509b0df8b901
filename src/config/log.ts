import type { LogForm } from '../process/log-form.js';
import type { Environment } from './sources.js';

/**
 * The defaults depend on where the log goes: on a terminal somebody reads it.
 *
 * @param environment - including the variables that all programs know: FORCE_COLOR, then NO_COLOR, then TERM
 * @see https://no-color.org
 */
export function toLogForm(
  format: LogForm['format'] | undefined,
  { FORCE_COLOR: force, NO_COLOR: none, TERM: terminal }: Environment,
  isTerminal: boolean,
): LogForm {
  const isForced = force !== undefined;
  const isColored = isForced
    ? force !== '0' && force !== 'false'
    : !none && isTerminal && terminal !== 'dumb';
  return { format: format ?? (isTerminal ? 'pretty' : 'json'), hasColors: isColored };
}
