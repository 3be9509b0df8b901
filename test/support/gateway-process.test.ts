import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const MODULE = fileURLToPath(new URL('./gateway-process.js', import.meta.url));

/** A test run that has started a gateway. */
const RUN = `
  import { startGatewayProcess } from ${JSON.stringify(MODULE)};
  const gateway = startGatewayProcess({ upstreamUrl: 'http://127.0.0.1:9', dataDir: process.argv[1] });
  gateway.url.then((url) => console.log(url), (error) => console.log(error.message));
`;

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'a gateway ends with a test run that gets %s',
  async (signal) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'gateway-process-'));
    const run = spawn(process.execPath, ['--input-type=module', '-e', RUN, dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await once(createInterface(run.stdout), 'line');
    const { hostname, port } = new URL(String(url));
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    run.kill(signal);
    // The gateway would drop an idle connection only after a minute.
    await once(socket.resume(), 'close');
    await expect(fetch(String(url))).rejects.toThrow();
    await rm(dataDir, { recursive: true, maxRetries: 3 });
  },
);
