import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { useCommand } from './support/command.js';

const command = useCommand();

describe('check, preview and infer', () => {
  it('are those of the Campaign service of a checkout', async () => {
    const service = join(command.home, 'service');
    const print = 'node -p "process.argv.slice(1).join()" --';
    const scripts = {
      'campaign:check': 'exit 1',
      'campaign:infer': print,
      'campaign:preview': print,
    };
    await mkdir(join(service, 'mappings'), { recursive: true });
    await writeFile(join(service, 'package.json'), JSON.stringify({ name: 'sluice', scripts }));
    const cwd = join(service, 'mappings');
    const file = join(cwd, 'people.csv');
    expect(await command.run(['infer', 'people.csv'], { cwd }).ended).toMatchObject({
      code: 0,
      stdout: `${file}\n`,
    });
    const env = { SLUICE_SERVICE_DIR: service };
    expect(await command.run(['preview', file, '--rows', '3'], { env }).ended).toMatchObject({
      code: 0,
      stdout: `${file},--rows,3\n`,
    });
    expect((await command.run(['check', file, '--service', service]).ended).code).toBe(1);
  });
});
