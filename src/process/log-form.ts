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
