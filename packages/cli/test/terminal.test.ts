import { describe, expect, it } from '@jest/globals';
import { endOnce, useSignedInCommand } from './support/signed-in-command.js';

const { command, upstream, as } = useSignedInCommand();

/** Begins what only a terminal obeys. */
const ESCAPE = '\u001b[';

/** What is left of a terminal’s output once nothing on it is erased. */
function toScreen(output: string): string[] {
  return output
    .split('\r\n')
    .map((line) => line.split(`\r${ESCAPE}2K`).at(-1) ?? '')
    .filter((line) => line !== '');
}

describe('the terminal', () => {
  it('has one line that lives, and keeps what it ends as', async () => {
    const running = command.runInTerminal(['start', 'a b', '--wait'], { env: as('all') });
    const { code, stdout } = await endOnce(running, upstream.finish);
    expect(code).toBe(0);
    expect(stdout).toContain(`  ${ESCAPE}36mIN_PROGRESS${ESCAPE}39m  0:0`);
    const screen = toScreen(stdout);
    expect(screen).toHaveLength(1);
    expect(screen[0]).toContain(`  ${ESCAPE}32mSUCCESS${ESCAPE}39m  15 records`);
  });

  it('has no colour where NO_COLOR says so', async () => {
    const env = { ...as('all'), NO_COLOR: '1' };
    const running = command.runInTerminal(['start', 'a b', '--wait'], { env });
    const { stdout } = await endOnce(running, upstream.finish);
    expect(stdout).toContain(`\r${ESCAPE}2Ka b  `);
    expect(stdout).toContain('  IN_PROGRESS  0:0');
    expect(stdout).not.toContain(`${ESCAPE}3`);
  });

  it.each([
    ['is dumb', { TERM: 'dumb' }],
    ['is that of a CI job', { CI: 'true', NO_COLOR: '1' }],
  ])('has a line for each transition and no trick where it %s', async (_title, extra) => {
    const env = { ...as('all'), ...extra };
    const running = command.runInTerminal(['start', 'a b', '--wait'], { env });
    const { stdout } = await endOnce(running, upstream.finish);
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout.split('\r\n').map((line) => line.split('  ')[3])).toEqual([
      'IN_PROGRESS',
      'SUCCESS',
      undefined,
    ]);
  });

  it('is not sent what a text of others would have it obey', async () => {
    const id = 'no\u001b]0;one\u0007';
    const { code, stdout } = await command.runInTerminal(['start', id], { env: as('all') }).ended;
    expect(code).toBe(2);
    expect(stdout).toContain('no');
    expect(stdout).not.toContain('\u001b]0');
    expect(stdout).not.toContain('\u0007');
  });
});
