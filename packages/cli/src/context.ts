import type { Command } from 'commander';
import { CommandError, exitCodes } from './command-error.js';
import { type Gateway, openGateway, toCommandError } from './gateway.js';
import { createOutput, type Output, type OutputForm, type Streams } from './output.js';
import { readSettings, type SettingOptions, type Settings } from './settings.js';

/** Options that every command has. */
export interface CommonOptions extends SettingOptions {
  readonly output: OutputForm;
}

/** What a command needs. */
export interface Context {
  readonly settings: Settings;
  readonly gateway: Gateway;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** End the command with 124 after this many ms. */
  limit(timeoutMs: number | undefined): void;
  /**
   * How to continue after an interruption, as a command line.
   *
   * @param words - after `sluice`
   */
  canGoOn(words: readonly string[]): void;
}

/** Where a command runs. */
export interface Surroundings extends Streams {
  /** Aborted with a {@link CommandError}. */
  readonly interrupted: AbortSignal;
}

/**
 * Run a command with a gateway, and clean up.
 *
 * @param isList - whether it writes a list of values
 * @throws {CommandError} it did not do what it was asked
 */
export async function withContext(
  command: Command,
  { interrupted, ...streams }: Surroundings,
  isList: boolean,
  act: (context: Context) => Promise<void>,
): Promise<void> {
  const options: CommonOptions = command.optsWithGlobals();
  const settings = await readSettings(options, streams.env);
  const output = createOutput(options.output, isList, streams);
  const ended = new AbortController();
  const signal = AbortSignal.any([interrupted, ended.signal]);
  const gateway = openGateway(settings, signal);
  let timer: NodeJS.Timeout | undefined;
  let goOn: string | undefined;
  try {
    await act({
      settings,
      gateway,
      output,
      signal,
      limit(timeoutMs) {
        if (timeoutMs === undefined) return;
        const error = new CommandError(exitCodes.timeout, 'The timeout has passed.');
        timer = setTimeout(() => ended.abort(error), timeoutMs);
      },
      canGoOn(words) {
        goOn = toCommandLine(words, options);
      },
    });
  } catch (error) {
    if (!signal.aborted) throw toCommandError(gateway.url, error);
    const { exitCode, message } = signal.reason as CommandError;
    throw new CommandError(exitCode, message, { advice: goOn });
  } finally {
    clearTimeout(timer);
    output.live(null);
    output.end();
    await gateway.close();
  }
}

function toCommandLine(words: readonly string[], options: CommonOptions): string {
  const { url, tokenFile, profile } = options;
  const flags = Object.entries({ '--url': url, '--token-file': tokenFile, '--profile': profile });
  const given = flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
  return ['sluice', ...words, ...given].map(toShellWord).join(' ');
}

/** Quoted if a shell would change it. */
export function toShellWord(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
