/** What a program says to its arguments, and ends with. */
export interface ArgumentsAnswer {
  readonly text: string;
  readonly exitCode: 0 | 1;
}

const USAGE =
  'Usage: npm start. Sluice takes no arguments: environment variables, or a file .env, set it up. docs/settings.md lists them.';

/**
 * What to answer to the arguments of the command line; null where there are none.
 *
 * An argument that was ignored would be a setting that its author believes in.
 */
export function answerArguments(args: readonly string[]): ArgumentsAnswer | null {
  const [first] = args;
  if (first === undefined) return null;
  if (first === '--help' || first === '-h') return { text: USAGE, exitCode: 0 };
  return { text: `Unexpected argument. ${USAGE}`, exitCode: 1 };
}
