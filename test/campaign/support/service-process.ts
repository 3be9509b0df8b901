import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const MAIN = join('dist', 'src', 'campaign-process.js');

/** Run the service as a process of its own, as `npm run campaign` does. */
export function run(space: { mappingsDir: string; dataDir: string }, env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      CAMPAIGN_SERVICE_MAPPINGS_DIR: space.mappingsDir,
      CAMPAIGN_SERVICE_PORT: '0',
      PLATFORM_RECEIVER_PORT: '0',
      DATA_DIR: space.dataDir,
      ...env,
    },
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  /** Resolves with all that was printed, once the text is in it. */
  const printed = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (output.includes(text)) resolve(output);
      };
      look();
      child.stdout.on('data', look);
      child.on('exit', () => reject(new Error(`it ended: ${errors}`)));
    });
  return { child, printed, errors: () => errors };
}

/** Resolves with the code that a process ends with. */
export async function exitOf(child: ChildProcess): Promise<unknown> {
  const [code] = await once(child, 'close');
  return code;
}
