/** How the command ends. docs/command-line.md has what each means. */
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

/** What a command ends with that did not do what it was asked. */
export class CommandError extends Error {
  override readonly name = 'CommandError';

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    readonly details: {
      /** As in docs/errors.md, where the gateway said it. */
      readonly code?: string | undefined;
      /** What to do now. */
      readonly advice?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
  }
}
