import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { installPackedCommand, type PackedCommand } from './support/packed-command.js';

let command: PackedCommand;

beforeAll(async () => {
  command = await installPackedCommand();
});

afterAll(() => command.remove());

describe('the package', () => {
  it('has the licence of each library that is in it', async () => {
    const dir = join(command.home, 'node_modules/@sluice/cli');
    const { dependencies } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
    expect(dependencies).toBeUndefined();
    expect(await command.run(['--version']).ended).toMatchObject({ code: 0, stderr: '' });
    const licences = await readFile(join(dir, 'dist/LICENSES.txt'), 'utf8');
    for (const name of ['@bomb.sh/tab', '@clack/prompts', 'commander', 'graphql-ws', 'ws']) {
      expect(licences).toMatch(RegExp(`^${name} \\d+\\.\\d+\\.\\d+: MIT$`, 'm'));
    }
  });
});
