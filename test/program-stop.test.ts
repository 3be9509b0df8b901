import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { MAIN, usePrograms } from './support/program.js';
import { askSocket, openSocket } from './support/raw-socket.js';
import { hang } from './support/scripted-upstream.js';

const { upstream, directory, run, remote } = usePrograms();

describe('the program', () => {
  it.each([
    ['SIGTERM', 'HOST', '127.0.0.1'],
    ['SIGINT', 'CAMPAIGN_ACESS_TOKEN', 'planted-typo'],
    ['SIGHUP', 'HOST', '[::1]'],
  ] as const)(
    'on %s, passed on a second time, tells its sockets to come back, and ends well (%s=%s)',
    async (signal, name, value) => {
      // Patient: what an upstream never answers is called off, and not waited for.
      upstream.otherwise(hang());
      const { child, ready, ended } = run({
        ...remote(),
        CAMPAIGN_TIMEOUT_MS: '600000',
        [name]: value,
      });
      const url = await ready;
      expect(new URL(url).hostname).toBe(name === 'HOST' ? value : '127.0.0.1');
      const socket = await openSocket(url);
      socket.send({
        type: 'subscribe',
        id: '1',
        payload: { query: 'subscription { ingestionActivity { to } }' },
      });
      socket.send({ type: 'ping' });
      await socket.next();
      const signalledAt = performance.now();
      child.kill(signal);
      // As npm does after Ctrl-C, which both have got.
      await once(child.stdout ?? child, 'data');
      child.kill(signal);
      expect(await socket.closed).toBe(1012);
      const { code, stdout, stderr } = await ended;
      expect(performance.now() - signalledAt).toBeLessThan(10_000);
      expect([code, stderr]).toEqual([0, '']);
      // Of a variable that it does not know it warns, by its name.
      expect(/(\w+) is not a setting of Sluice and was ignored\./.exec(stdout)?.[1]).toBe(
        name === 'HOST' ? undefined : name,
      );
      expect(stdout).not.toContain('planted');
      const told = stdout
        .trim()
        .split('\n')
        .map((line): string => JSON.parse(line).msg);
      // The subscription may be told of behind the signal: it is executed while the ping is answered.
      const others = told.filter((message) => !message.startsWith('subscription'));
      expect(others.slice(-2)).toEqual([
        `${signal}: finishing the work in progress`,
        'Sluice has stopped.',
      ]);
    },
  );

  it.each([
    ['as JSON', { CONSOLE: 'on', LOG_FORMAT: 'json' }, '"msg":"Sluice is ready. Console: http'],
    [
      'for people, with no console to point to',
      { CONSOLE: 'off', LOG_FORMAT: 'pretty' },
      ' INFO: Sluice is ready. GraphQL, HTTP and WebSocket: http',
    ],
  ])(
    'ends in time where nobody reads its log, and serves until then: %s',
    async (_what, environment, line) => {
      const { child, ready, ended } = run({ ...remote(), ...environment, LOG_LEVEL: 'debug' });
      const socket = await openSocket(await ready);
      child.stdout?.pause();
      const query = `query ${'n'.repeat(1_000)} { __typename }`;
      for (let count = 0; count < 1_000; count += 1) {
        expect(await askSocket(socket, { query })).toEqual({ data: { __typename: 'Query' } });
      }
      child.kill('SIGTERM');
      const signalledAt = performance.now();
      const [code] = await once(child, 'exit');
      expect(performance.now() - signalledAt).toBeLessThan(9_500);
      expect(code).toBe(0);
      child.stdout?.resume();
      const { stdout } = await ended;
      expect(stdout).toContain(line);
      expect(stdout.includes('Console')).toBe(environment.CONSOLE === 'on');
      // It was held up: the last lines are missing.
      expect(stdout).not.toContain('Sluice has stopped.');
    },
  );

  it('on a second signal does not wait any longer', async () => {
    upstream.otherwise(hang());
    const { child, ready, ended } = run({ ...remote(), CAMPAIGN_TIMEOUT_MS: '600000' });
    const url = await ready;
    const asked = fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ ingestionStatus(mappingId: \\"M\\", requestId: \\"1\\") { status } }"}',
    });
    asked.catch(() => {});
    await upstream.arrived(1);
    child.kill('SIGTERM');
    const signalledAt = performance.now();
    const repeated = setInterval(() => child.kill('SIGTERM'), 100);
    expect((await ended).code).toBe(1);
    clearInterval(repeated);
    expect(performance.now() - signalledAt).toBeLessThan(4_000);
    await expect(asked).rejects.toThrow();
  });

  it('on SIGTERM says so at /readyz first and serves on; a second signal begins the drain', async () => {
    upstream.otherwise(hang());
    const { child, ready, ended } = run({ ...remote(), DRAIN_DELAY_MS: '600000' });
    const url = await ready;
    const told = once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    await told;
    const readiness = await fetch(`${url}/readyz`);
    expect(readiness.status).toBe(503);
    expect(await readiness.json()).toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(await askSocket(await openSocket(url), { query: '{ __typename }' })).toEqual({
      data: { __typename: 'Query' },
    });
    const repeated = setInterval(() => child.kill('SIGINT'), 100);
    await once(child.stdout ?? child, 'data');
    clearInterval(repeated);
    const { code, stdout } = await ended;
    expect([code, stdout]).toEqual([0, expect.stringContaining('Sluice has stopped.')]);
  });

  it('on a signal during its start ends that', async () => {
    // A database that never answers.
    const database = createServer().listen(0, '127.0.0.1');
    await once(database, 'listening');
    const { port } = database.address() as AddressInfo;
    const connected = once(database, 'connection');
    const { child, ended } = run({
      ...remote(),
      DATABASE_URL: `postgres://sluice:planted@127.0.0.1:${port}/sluice`,
    });
    const [connection] = await connected;
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    (connection as Socket).destroy();
    database.close();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('SIGTERM: ending the start');
  });

  it('gets the signals that "npm start" gets, and leaves nothing behind', async () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    const start = String(scripts.start).replace('npm run --silent build', 'true');
    expect(start).toContain(' dist/bin/main.js');
    writeFileSync(
      join(directory(), 'package.json'),
      JSON.stringify({ scripts: { start: start.replace('dist/bin/main.js', MAIN) } }),
    );
    const npm = spawn('npm', ['start'], {
      cwd: directory(),
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
        ...remote(),
      },
      detached: true,
    });
    let printed = '';
    npm.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk;
    });
    while (!printed.includes('Sluice is ready')) await once(npm.stdout, 'data');
    npm.kill('SIGTERM');
    await once(npm, 'close');
    expect(printed).toContain('Sluice has stopped.');
    // Nobody of its group is left.
    expect(() => process.kill(-Number(npm.pid), 0)).toThrow('ESRCH');
  });
});
