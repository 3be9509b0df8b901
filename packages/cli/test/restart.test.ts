import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type GatewayProcess, startGatewayProcess } from '../../../test/support/gateway-process.js';
import { startTestUpstream } from '../../../test/support/start-test-upstream.js';
import type { TestUpstream } from '../../../test/support/test-upstream.js';
import { installPackedCommand, type PackedCommand } from './support/packed-command.js';

const mappingId = 'XDM44';

let left: AsyncDisposableStack;
let command: PackedCommand;
let upstream: TestUpstream;
let dataDir: string;
let gateway: GatewayProcess;

beforeAll(async () => {
  left = new AsyncDisposableStack();
  command = await installPackedCommand();
  left.defer(() => command.remove());
  upstream = await startTestUpstream();
  left.defer(() => upstream.close());
  dataDir = await mkdtemp(join(tmpdir(), 'restart-'));
  left.defer(() => rm(dataDir, { recursive: true, force: true }));
  left.defer(() => kill());
  startGateway({});
});

afterAll(() => left.disposeAsync());

function startGateway(env: Record<string, string>): void {
  gateway = startGatewayProcess({ upstreamUrl: upstream.url, dataDir, env });
}

async function kill(): Promise<void> {
  gateway.child.kill('SIGKILL');
  await gateway.ended;
}

/** Kill it and start it anew, at the same address. */
async function restart(while_: () => Promise<unknown> = async () => {}): Promise<void> {
  const { port } = new URL(await gateway.url);
  await kill();
  await while_();
  startGateway({ PORT: port });
  await gateway.url;
}

it('waits through kills of the gateway without a lost or doubled line', async () => {
  const env = { SLUICE_URL: await gateway.url };
  const running = command.run(['start', mappingId, '--wait', '--timeout', '1m'], { env });
  const watching = command.run(['activity', '-o', 'jsonl'], { env });
  await running.wrote('stdout', /IN_PROGRESS/);
  // The end comes while nobody is there to see it.
  await restart(() => running.wrote('stderr', /The connection was lost. Trying again.\n/));
  await running.wrote('stderr', /Connected again/);
  await restart(() => upstream.finish());
  const { code, stdout, stderr } = await running.ended;
  expect([code, stdout.split('\n').map((line) => line.split('  ').slice(1).join(' '))]).toEqual([
    0,
    [`${mappingId} 3520 IN_PROGRESS`, `${mappingId} 3520 SUCCESS 15 records`, ''],
  ]);
  expect(stderr).toMatch(/^The connection was lost. Trying again.\nConnected again./);
  await watching.wrote('stdout', /SUCCESS/);
  watching.child.kill('SIGINT');
  const seen = await watching.ended;
  expect(seen.code).toBe(130);
  expect(seen.stderr).toMatch(/What to do: sluice activity --after [\w-]+\n$/);
  const changes = seen.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).to);
  expect(changes.filter((to) => to === 'SUCCESS')).toHaveLength(1);
});

it('starts once where the answer to a start is lost', async () => {
  const url = await gateway.url;
  const held = 'slow';
  const running = command.run(['start', held, '-o', 'json'], { env: { SLUICE_URL: url } });
  await restart(async () => {});
  await running.ended;
});
