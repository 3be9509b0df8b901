import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askGateway } from '../../../test/support/ask-gateway.js';
import { type GatewayProcess, startGatewayProcess } from '../../../test/support/gateway-process.js';
import { startTestUpstream } from '../../../test/support/start-test-upstream.js';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import type { TestUpstream } from '../../../test/support/test-upstream.js';
import { toEnds, useCommand } from './support/command.js';

const command = useCommand();

describe('a wait', () => {
  const mappingId = 'XDM44';
  let runs: TestUpstream;
  let dataDir: string;
  let running: GatewayProcess;
  const started = new AsyncDisposableStack();

  beforeAll(async () => {
    runs = await startTestUpstream();
    started.defer(() => runs.close());
    dataDir = await mkdtemp(join(tmpdir(), 'restart-'));
    started.defer(() => rm(dataDir, { recursive: true, force: true }));
    started.defer(kill);
    start({});
  });

  afterAll(() => started.disposeAsync());

  function start(env: Record<string, string>): void {
    running = startGatewayProcess({ upstreamUrl: runs.url, dataDir, env });
  }

  async function kill(): Promise<void> {
    running.child.kill('SIGKILL');
    await running.ended;
  }

  it('waits through a kill of the gateway without a lost or doubled line', async () => {
    const env = { SLUICE_URL: await running.url };
    const { data } = await askGateway(await running.url, '{ latestCursor }');
    const all = command.run(['activity', '-o', 'jsonl', '--after', data.latestCursor], { env });
    const waiting = command.run(['start', mappingId, '--wait', '--timeout', '1m'], { env });
    await waiting.wrote('stdout', /IN_PROGRESS/);
    const watching = command.run(['watch', mappingId, '3520', '-o', 'jsonl'], { env });
    await watching.wrote('stdout', /IN_PROGRESS/);
    await all.wrote('stdout', /IN_PROGRESS/);
    await kill();
    await waiting.wrote('stderr', /The connection was lost/);
    // The end comes while nobody is there to see it.
    await runs.finish();
    start({ PORT: new URL(env.SLUICE_URL).port });

    const { code, stdout, stderr } = await waiting.ended;
    const told = stdout.split('\n').map((line) => line.split('  ').slice(1).join(' '));
    expect(told).toEqual([
      `${mappingId} 3520 IN_PROGRESS`,
      `${mappingId} 3520 SUCCESS 15 records`,
      '',
    ]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^The connection was lost. Trying again.\n/);
    const watched = await watching.ended;
    expect([watched.code, toEnds(watched.stdout)]).toEqual([0, ['IN_PROGRESS', 'SUCCESS']]);
    await all.wrote('stdout', /SUCCESS/);
    all.child.kill('SIGINT');
    const seen = await all.ended;
    expect([seen.code, toEnds(seen.stdout)]).toEqual([130, ['IN_PROGRESS', 'SUCCESS']]);
    expect(JSON.parse(seen.stderr.split('\n').at(-2) ?? '')).toMatchObject({
      error: { advice: expect.stringMatching(/^sluice activity --after [\w-]+$/) },
    });
    // Clients come back after a pause of up to 10 s.
  }, 60_000);

  it('starts once where the answer to a start is lost', async () => {
    const proxy = await startTcpProxy(await running.url);
    proxy.cutAt('startIngestion', true);
    const env = { SLUICE_URL: proxy.url };
    const { code, stdout } = await command.run(['start', 'TestDoc', '-o', 'json'], { env }).ended;
    await proxy.close();
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ __typename: 'IngestionSubmitted' });
    const starts = runs.calls.filter(({ operation }) => operation === 'start');
    expect(starts.filter((call) => call.mappingId === 'TestDoc')).toHaveLength(1);
  });
});
