import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogOutput } from '../../src/process/log-output.js';

const LINE = `${'x'.repeat(999)}\n`;

let directory: string;
let fd: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-log-'));
  const path = join(directory, 'log');
  execFileSync('mkfifo', [path]);
  fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
});
afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

/** What there is to read now. */
function read(): string {
  const chunk = Buffer.alloc(1024 * 1024);
  try {
    return chunk.toString('latin1', 0, readSync(fd, chunk));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    return '';
  }
}

describe('a log that nobody reads', () => {
  it('takes so much and drops the rest; once it is read, it has whole lines, and tells how many were lost', async () => {
    const lost: number[] = [];
    const output = createLogOutput(fd, (lines) => void lost.push(lines));
    for (let count = 0; count < 5_000; count += 1) output.write(LINE);
    expect(lost).toEqual([]);
    let text = '';
    while (lost.length === 0) {
      const more = read();
      text += more;
      if (more === '') await setTimeout(5);
    }
    for (let more = read(); more !== ''; more = read()) text += more;
    const whole = text.split('\n').slice(0, -1);
    expect(new Set(whole)).toEqual(new Set([LINE.trim()]));
    expect(whole.length + (lost[0] ?? 0)).toBe(5_000);
    expect(text.length).toBeLessThan(1.2 * 1024 * 1024);
  });

  it('holds nobody up for long who wants the last lines written', () => {
    const output = createLogOutput(fd, () => {});
    for (let count = 0; count < 200; count += 1) output.write(LINE);
    const since = performance.now();
    output.flushSync();
    expect(performance.now() - since).toBeLessThan(1_500);
  });
});

it('lines go out at the latest once the event loop has been round, and at once where asked to', async () => {
  const output = createLogOutput(fd, () => {});
  output.write('one\n');
  output.write('two\n');
  await new Promise((round) => setImmediate(round));
  expect(read()).toBe('one\ntwo\n');
  output.write('three\n');
  output.flushSync();
  expect(read()).toBe('three\n');
});
