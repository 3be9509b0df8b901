/** The log levels, from most to nothing. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** The formats of a log. */
export const logFormats = ['pretty', 'json'] as const;

/** How the log looks. */
export interface LogForm {
  /** `pretty` is for people, `json` for programs. */
  readonly format: (typeof logFormats)[number];
  /** For `pretty`. */
  readonly hasColors: boolean;
}

/**
 * The defaults depend on where the log goes: on a terminal somebody reads it.
 *
 * @param environment - including the variables that all programs know: FORCE_COLOR, then NO_COLOR, then TERM
 * @see https://no-color.org
 */
export function toLogForm(
  format: LogForm['format'] | undefined,
  {
    FORCE_COLOR: force,
    NO_COLOR: none,
    TERM: terminal,
  }: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): LogForm {
  const isForced = force !== undefined;
  const isColored = isForced
    ? force !== '0' && force !== 'false'
    : !none && isTerminal && terminal !== 'dumb';
  return { format: format ?? (isTerminal ? 'pretty' : 'json'), hasColors: isColored };
}
