import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { CommandError, exitCodes } from './command-error.js';

/** What the Campaign service does with a file; each is a script of a checkout. */
export type ServiceScript = 'check' | 'preview' | 'infer';

/**
 * Run the Campaign service's own code on a file, because that code will run the mapping.
 *
 * @param serviceDir - a checkout of Sluice; if left out, it is looked for above the working directory
 * @param rest - further arguments of the script
 * @throws {CommandError} there is no checkout, or the script reports problems
 */
export async function runServiceScript(
  script: ServiceScript,
  file: string,
  serviceDir: string | undefined,
  rest: readonly string[] = [],
): Promise<void> {
  const dir = serviceDir === undefined ? await findService(process.cwd()) : resolve(serviceDir);
  if (dir === null || !(await hasScripts(dir))) {
    throw new CommandError(
      exitCodes.usage,
      `${script} needs a checkout of Sluice, and ${dir ?? 'this folder'} is not ${dir ? '' : 'in '}one.`,
      { advice: 'run it in a checkout, or name one with --service DIR or SLUICE_SERVICE_DIR' },
    );
  }
  const args = ['run', '--silent', `campaign:${script}`, '--', resolve(file), ...rest];
  const isWindows = process.platform === 'win32';
  const child = spawn('npm', args, { cwd: dir, stdio: 'inherit', shell: isWindows });
  const [code] = await once(child, 'close').catch((error: Error) => {
    throw new CommandError(exitCodes.failed, `npm cannot be run: ${error.message}`);
  });
  if (code !== 0) {
    throw new CommandError(exitCodes.failed, `${file}: ${script} found something wrong.`);
  }
}

async function findService(from: string): Promise<string | null> {
  if (await hasScripts(from)) return from;
  const parent = dirname(from);
  return parent === from ? null : findService(parent);
}

async function hasScripts(dir: string): Promise<boolean> {
  try {
    const manifest = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
    return manifest.name === 'sluice' && manifest.scripts['campaign:check'] !== undefined;
  } catch {
    return false;
  }
}
