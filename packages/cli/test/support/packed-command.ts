import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Command, createCommand } from './command.js';

/** The command as it is packed and installed, with no other package beside it. */
export interface PackedCommand extends Command {
  remove(): Promise<void>;
}

/** Pack it as it was built, and install what was packed. */
export async function installPackedCommand(): Promise<PackedCommand> {
  const home = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  const npm = (args: readonly string[], cwd: string) =>
    promisify(execFile)('npm', args, { cwd, env: { ...process.env, npm_config_offline: 'true' } });
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', home];
  const packed = await npm(pack, 'packages/cli');
  const { 0: filename } = /sluice-cli-[\d.]+\.tgz/.exec(packed.stdout) ?? [''];
  await npm(['install', '--no-audit', '--no-fund', '--prefix', home, join(home, filename)], home);
  return {
    ...createCommand(home, join(home, 'node_modules/.bin/sluice')),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}
