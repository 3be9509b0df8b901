import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ADMIN, API_KEY, CLIENT, createServiceClient } from './service-client.js';

const MAIN = join('dist', 'bin', 'campaign-process.js');

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

/** Run the service as a process of its own, sign in to it, and have what tests ask of it. */
export async function startServiceProcess(
  space: { mappingsDir: string; dataDir: string },
  env: NodeJS.ProcessEnv = {},
) {
  const { child, printed } = run(space, {
    CAMPAIGN_API_KEY: API_KEY,
    IMS_CLIENT_ID: CLIENT.clientId,
    IMS_CLIENT_SECRET: CLIENT.clientSecret,
    CAMPAIGN_SERVICE_ADMIN_CLIENT_ID: ADMIN.clientId,
    CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET: ADMIN.clientSecret,
    ...env,
  });
  const output = await printed('IMS_CLIENT_SECRET=');
  const url = /^CAMPAIGN_URL=(\S+)$/m.exec(output)?.[1] ?? '';
  /** As `kill -9` does it. */
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  return {
    ...(await createServiceClient(url)),
    printed,
    kill,
    [Symbol.asyncDispose]: kill,
  };
}

/** Resolves with the code that a process ends with. */
export async function exitOf(child: ChildProcess): Promise<unknown> {
  const [code] = await once(child, 'close');
  return code;
}
