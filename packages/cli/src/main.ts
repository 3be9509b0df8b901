#!/usr/bin/env node
import { CommanderError } from 'commander';
import { CommandError, type ExitCode, exitCodes } from './command-error.js';
import { toPlain } from './output.js';
import { createProgram } from './program.js';

const { stdout, stderr, env } = process;
const interrupted = new AbortController();

// A second signal ends it at once.
process.once('SIGINT', () =>
  interrupted.abort(new CommandError(exitCodes.interrupted, 'Interrupted.')),
);
stdout.on('error', endUnwritten);
stderr.on('error', () => {});

const program = createProgram(
  { stdout, stderr, env, interrupted: interrupted.signal },
  process.argv[2] === 'complete',
);

/** The reader has stopped reading; or the disk is full, say, and a script must not take the output for complete. */
function endUnwritten({ code, message }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(exitCodes.closedPipe);
  stderr.write(`sluice: The output cannot be written: ${message}\n`);
  process.exit(exitCodes.failed);
}

function tellError(error: unknown): ExitCode {
  // Commander has already reported this.
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCodes.success : exitCodes.usage;
  }
  if (!(error instanceof CommandError)) {
    stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    return exitCodes.failed;
  }
  const { exitCode, message, details } = error;
  const { code, advice } = details;
  if (program.opts().output === 'text') {
    stderr.write(`sluice: ${code ? `${code}: ` : ''}${toPlain(message)}\n`);
    const hasEnded = exitCode !== exitCodes.timeout && exitCode !== exitCodes.interrupted;
    if (advice) stderr.write(`${hasEnded ? 'What to do' : 'To continue'}: ${advice}\n`);
  } else {
    stderr.write(`${JSON.stringify({ error: { code, message, advice } })}\n`);
  }
  return exitCode;
}

const exitCode = await program.parseAsync().then(() => exitCodes.success, tellError);
// Once everything is written.
stdout.write('', (unwritten) => {
  const lost = stdout.errored ?? unwritten;
  if (lost) endUnwritten(lost);
  stderr.write('', () => process.exit(exitCode));
});
