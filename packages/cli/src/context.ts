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
  /** How to continue after an interruption. */
  canGoOn(line: CommandLine): void;
}

/** A command as people may type it. */
export interface CommandLine {
  readonly command: string;
  readonly args?: readonly string[];
  readonly flags?: readonly string[];
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
      canGoOn(line) {
        goOn = toShellLine({ ...line, flags: [...(line.flags ?? []), ...toFlags(options)] });
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

function toFlags({ url, tokenFile, profile }: CommonOptions): readonly string[] {
  const flags = Object.entries({ '--url': url, '--token-file': tokenFile, '--profile': profile });
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [flag, value]));
}

/** The text that a shell runs as this command. */
export function toShellLine({ command, args = [], flags = [] }: CommandLine): string {
  // Otherwise an id that begins with a dash would be an option.
  const words = args.some((arg) => arg.startsWith('-'))
    ? [...flags, '--', ...args]
    : [...args, ...flags];
  return ['sluice', command, ...words].map(toShellWord).join(' ');
}

/** Quoted if a shell would change it. */
function toShellWord(word: string): string {
  return /^[\w./:@%+=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
