/** The exit codes. docs/command-line.md explains them. */
export const exitCodes = {
  success: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  signIn: 4,
  timeout: 124,
  interrupted: 130,
  closedPipe: 141,
} as const;

/** One of them. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends a command that did not do what it was asked. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly details: {
      /** From docs/errors.md, if the gateway sent it. */
      readonly code?: string | undefined;
      /** What to do next. */
      readonly advice?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
  }
}
