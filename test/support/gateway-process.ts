import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { ACCESS_TOKEN, API_KEY, ORGANIZATION } from './test-gateway.js';

/** A gateway in a process of its own, which can be killed. */
export interface GatewayProcess {
  readonly url: string;
  /** End it at once, with no chance to do anything more. */
  kill(): Promise<void>;
}

const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** Start one as an operator does, in front of an upstream. */
export async function startGatewayProcess(
  upstreamUrl: string,
  dataDir: string,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [main], {
    // Elsewhere than in the repository, whose `.env` is somebody’s own.
    cwd: dataDir,
    env: {
      PORT: '0',
      CAMPAIGN_URL: upstreamUrl,
      CAMPAIGN_ORGANIZATION: ORGANIZATION,
      CAMPAIGN_API_KEY: API_KEY,
      CAMPAIGN_ACCESS_TOKEN: ACCESS_TOKEN,
      DATA_DIR: dataDir,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /Sluice is ready\. Explorer: (\S+)\//.exec(line)?.[1];
    if (!url) continue;
    // Read on, or the process would wait for room in the pipe.
    child.stdout.resume();
    return {
      url,
      async kill() {
        child.kill('SIGKILL');
        await exited;
      },
    };
  }
  throw new Error('The gateway ended before it was ready.');
}
