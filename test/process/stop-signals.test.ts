import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { listenForStopSignals } from '../../src/process/stop-signals.js';

const before = process.listeners('SIGINT');
afterEach(() => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    for (const listener of process.listeners(signal))
      if (!before.includes(listener)) process.off(signal, listener);
  }
});

it('takes what npm passes on for the same Ctrl-C, and what a person presses again for another', async () => {
  let nowMs = 0;
  const signals = listenForStopSignals(() => nowMs);
  const taken: number[] = [];
  for (const atMs of [0, 3, 100, 150, 300, 1_200]) {
    nowMs = atMs;
    process.emit('SIGINT');
    const hadNone = new AbortController();
    const next = signals.next(hadNone.signal).then(() => taken.push(atMs));
    await Promise.race([next, Promise.resolve().then(() => {})]);
    hadNone.abort();
  }
  expect(taken).toEqual([0, 150, 300, 1_200]);
});

/** Takes the signals, says which it got, and ends with it. */
const PROGRAM = `
  const { listenForStopSignals } = await import(${JSON.stringify(resolve('dist/src/process/stop-signals.js'))});
  const signals = listenForStopSignals();
  setInterval(() => {}, 1_000);
  console.log('ready');
  console.log(await signals.next());
  process.exit();
`;

it.each([
  ['nohup has made its standard input unreadable', true],
  ['nothing says so', false],
])('SIGHUP, where %s', async (_, isOfNohup) => {
  const input = isOfNohup ? openSync('/dev/null', constants.O_WRONLY) : 'ignore';
  const child = spawn(process.execPath, ['--input-type=module', '--eval', PROGRAM], {
    stdio: [input, 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  await once(child.stdout ?? child, 'data');
  child.kill('SIGHUP');
  if (isOfNohup) child.kill('SIGTERM');
  await once(child, 'close');
  expect(printed).toBe(`ready\n${isOfNohup ? 'SIGTERM' : 'SIGHUP'}\n`);
});
