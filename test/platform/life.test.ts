import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SettingsInvalidError } from '../../src/adobe/settings.js';
import { DatasetsInvalidError } from '../../src/platform/datasets.js';
import { parsePlatformConfig } from '../../src/platform/platform-config.js';
import {
  createHeldClock,
  createWorkspace,
  PEOPLE,
  SETTINGS,
  signIn,
  startReceiver,
} from './support/running-receiver.js';

const MAIN = join('dist', 'bin', 'platform.js');

describe('the life of a receiver', () => {
  it('is stopped as often as one likes', async () => {
    await using space = await createWorkspace();
    const receiver = await startReceiver(space);
    await Promise.all([receiver.stop(), receiver.stop()]);
  });

  it('continues with completed batches after a stop, and leaves the others', async () => {
    await using space = await createWorkspace();
    const ids: string[] = [];
    {
      await using held = await startReceiver({ ...space, clock: createHeldClock() });
      for (const name of ['complete', 'loading']) {
        const { id } = (await held.create()).json;
        await held.put(id, `${name}.json`, '{"_id":"1"}');
        ids.push(id);
      }
      await held.act(ids[0] ?? '', 'COMPLETE');
    }
    await using next = await startReceiver(space);
    await next.reached(ids[0] ?? '', 'success');
    expect((await next.look(ids[1] ?? '')).status).toBe('loading');
  });

  it('stalls a batch whose dataset is gone, until a start that finds it', async () => {
    const other = { ...PEOPLE, id: 'b'.repeat(24) };
    await using both = await createWorkspace([PEOPLE, other]);
    await using one = await createWorkspace([other]);
    let id = '';
    {
      await using held = await startReceiver({ ...both, clock: createHeldClock() });
      id = (await held.create()).json.id;
      await held.put(id, 'a.json', '{"_id":"1"}');
      await held.act(id, 'COMPLETE');
    }
    {
      await using without = await startReceiver({ ...both, datasetsDir: one.datasetsDir });
      await without.reached(id, 'stalled');
    }
    await using again = await startReceiver(both);
    await again.reached(id, 'success');
  });

  it('forgets batches that are past their time, with their files, and no others', async () => {
    await using space = await createWorkspace();
    let now = 1_000;
    const clock = { now: () => now, monotonicMs: () => now, wait: async () => {} };
    const ids: string[] = [];
    {
      await using first = await startReceiver({ ...space, clock });
      ids.push((await first.ingest({ 'a.json': '{"_id":"1"}' })).id);
      now += 500;
      ids.push((await first.ingest({ 'a.json': '{"_id":"1"}' })).id);
    }
    now += 600;
    await using next = await startReceiver({ ...space, clock, retentionMs: 1_000 });
    await next.stop();
    expect(await readdir(join(space.dataDir, 'platform', 'batches'))).toEqual([ids[1]]);
    await using last = await startReceiver({ ...space, clock });
    const path = '/data/foundation/catalog/batches';
    expect(Object.keys((await last.call(path)).json)).toEqual([ids[1]]);
  });

  it('leaves a data folder alone that another receiver works in', async () => {
    await using space = await createWorkspace();
    await using _other = await startReceiver(space);
    await expect(startReceiver(space)).rejects.toThrow(
      `${join(space.dataDir, 'platform')} is in use by another Platform receiver: stop that one, or set DATA_DIR to another folder.`,
    );
  });
});

describe('datasets', () => {
  it.each([
    [[{ ...PEOPLE, id: 'short' }], /short\.json: id: expected 24 hexadecimal digits/],
    [[{ ...PEOPLE, class: 'other' }], /class: Invalid option/],
    [[{ ...PEOPLE, schema: { type: 'object', typo: 1 } }], /unknown keyword: "typo"/],
    [[], /contains no dataset \(\*\.json\)/],
  ])('that are wrong stop the start: %#', async (datasets, message) => {
    await using space = await createWorkspace(datasets);
    const starting = startReceiver(space);
    await expect(starting).rejects.toThrow(DatasetsInvalidError);
    await expect(starting).rejects.toThrow(message);
  });
});

describe('the receiver alone', () => {
  it('loses no batch that was accepted when it is killed, and ends cleanly on SIGTERM', async () => {
    await using space = await createWorkspace();
    const first = await run(space, { PLATFORM_RECEIVER_STEP_MS: '600000' });
    const client = await signIn(first.url);
    const { id } = (await client.create()).json;
    await client.put(id, 'a.json', '{"_id":"1"}\n{"_id":"2"}\n');
    await client.act(id, 'COMPLETE');
    first.child.kill('SIGKILL');
    await first.exited;

    const second = await run(space, { PLATFORM_RECEIVER_STEP_MS: '0' });
    const after = await signIn(second.url);
    await second.printed('"status":"success"');
    expect((await after.look(id)).metrics).toMatchObject({ outputRecordCount: 2 });
    second.child.kill('SIGTERM');
    expect(await second.exited).toBe(0);
  });

  it('reports all issues of its environment together', () => {
    const parse = () =>
      parsePlatformConfig({
        PLATFORM_RECEIVER_PORT: '70000',
        PLATFORM_RECEIVER_STEP_MS: '-1',
        PLATFORM_SANDBOX: '',
      });
    expect(parse).toThrow(SettingsInvalidError);
    expect(parse).toThrow(/PLATFORM_RECEIVER_PORT: expected a whole number, 0 to 65535/);
    expect(parse).toThrow(/PLATFORM_RECEIVER_STEP_MS: expected a whole number, 0 to 600000/);
  });

  it('accepts the public secret on a loopback address only', () => {
    const env = { PLATFORM_RECEIVER_HOST: '0.0.0.0' };
    expect(() => parsePlatformConfig(env)).toThrow(/PLATFORM_CLIENT_SECRET: must be set/);
    expect(parsePlatformConfig({ ...env, PLATFORM_CLIENT_SECRET: 'own' })).toMatchObject({
      host: '0.0.0.0',
      port: 4020,
    });
  });
});

/** The built program as a process of its own; resolves when it has printed how to reach it. */
async function run(space: { datasetsDir: string; dataDir: string }, env: NodeJS.ProcessEnv) {
  const child: ChildProcess = spawn(process.execPath, [MAIN], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      PLATFORM_RECEIVER_PORT: '0',
      PLATFORM_RECEIVER_DATASETS_DIR: space.datasetsDir,
      DATA_DIR: space.dataDir,
      PLATFORM_API_KEY: SETTINGS.apiKey,
      PLATFORM_IMS_ORG: SETTINGS.imsOrg,
      PLATFORM_SANDBOX: SETTINGS.sandbox,
      PLATFORM_CLIENT_ID: 'client-1',
      PLATFORM_CLIENT_SECRET: 'secret-1',
      ...env,
    },
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  let output = '';
  const printed = (text: string) =>
    new Promise<string>((resolve) => {
      const look = () => output.includes(text) && resolve(output);
      child.stdout?.on('data', look);
      look();
    });
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  const told = await printed('PLATFORM_IMS_URL=');
  const [, url = ''] = /^PLATFORM_URL=(.*)$/m.exec(told) ?? [];
  return { child, url, exited, printed };
}
