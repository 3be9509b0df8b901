import { describe, expect, it } from '@jest/globals';
import { useCommand } from './support/command.js';

const command = useCommand();

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('is written for %s', async (shell) => {
    const { code, stdout } = await command.run(['completion', shell]).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('sluice complete');
  });

  it('has commands, options and their values', async () => {
    const complete = async (...words: string[]) =>
      (await command.run(['complete', '--', ...words]).ended).stdout;
    expect(await complete('st')).toMatch(/^start\t.*\nstatus\t.*\nstop\t/m);
    expect(await complete('start', '--')).toContain('--retry-on-abort');
    expect(await complete('list', '--status', 'F')).toContain('FAILED');
    expect(await complete('list', '--output', 'j')).toMatch(/^json\t?\njsonl/);
  });
});
