import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { standInFor } from '../../../../test/support/stand-in.js';

/** How a command ended, and what it wrote. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves once it has written this; rejects where it ends without. */
  wrote(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<void>;
}

/** Where a command runs. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Given to standard input, which then ends. Without, it stays empty. */
  readonly input?: string;
  readonly cwd?: string;
  /** The file that standard output goes to instead. */
  readonly stdoutPath?: string;
}

/** The command, at home in a folder in which nothing of this user's is. */
export interface Command {
  readonly home: string;
  run(args: readonly string[], options?: RunOptions): Running;
  /** In a pseudo-terminal, where both streams are one, as `stdout`. */
  runInTerminal(args: readonly string[], options?: RunOptions): Running;
}

/** @param bin - the file to run */
export function createCommand(home: string, bin: string): Command {
  function start(command: readonly string[], { env, input, cwd }: RunOptions): Running {
    const [program = '', ...args] = command;
    const child = spawn(program, args, {
      cwd: cwd ?? home,
      env: { PATH: process.env.PATH, HOME: home, TERM: 'xterm', ...env },
    });
    if (input !== undefined) child.stdin.end(input);
    // What has ended takes no more.
    child.stdin.on('error', () => {});
    const written = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text) => {
        written[stream] += text;
      });
    }
    const ended = once(child, 'close').then(([code]) => ({ code, ...written }));
    return {
      child,
      ended,
      async wrote(stream, pattern) {
        while (!pattern.test(written[stream])) {
          const { done } = await Promise.race([
            once(child[stream], 'data').then(() => ({ done: false })),
            ended.then(() => ({ done: true })),
          ]);
          if (done && !pattern.test(written[stream])) {
            throw new Error(`${pattern} was not written: ${JSON.stringify(written)}`);
          }
        }
      },
    };
  }

  return {
    home,
    run(args, options = {}) {
      const { stdoutPath } = options;
      const shell = stdoutPath ? ['sh', '-c', `exec "$0" "$@" > '${stdoutPath}'`] : [];
      return start([...shell, process.execPath, bin, ...args], options);
    },
    runInTerminal(args, options = {}) {
      const words = [process.execPath, bin, ...args].map((word) => `'${word}'`).join(' ');
      return start(['script', '-qefc', `stty cols 80; exec ${words}`, '/dev/null'], options);
    },
  };
}

/** The command as it was built, with one home for all tests of the file that calls this. */
export function useCommand(): Command {
  let command: Command;

  beforeAll(async () => {
    const home = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
    command = createCommand(home, resolve('packages/cli/bin/sluice.js'));
  });

  afterAll(() => rm(command.home, { recursive: true, force: true }));

  return standInFor(() => command);
}

/** What is told of transitions, one per line of JSON: the statuses that they end in. */
export function toEnds(lines: string): string[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).to);
}
