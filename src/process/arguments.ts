/** A program's answer to its arguments, and its exit code. */
export interface ArgumentsAnswer {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

const USAGE =
  'Usage: npm start. Sluice takes no arguments. Configure it with environment variables, or in a .env file. docs/settings.md lists them.';

/**
 * The answer to command-line arguments; null if there are none.
 *
 * An ignored argument would be a setting that its author believes in.
 */
export function answerArguments(args: readonly string[]): ArgumentsAnswer | null {
  const [first] = args;
  if (first === undefined) return null;
  if (first === '--help' || first === '-h') return { text: USAGE, exitCode: 0 };
  return { text: `Unexpected argument. ${USAGE}`, exitCode: 1 };
}
