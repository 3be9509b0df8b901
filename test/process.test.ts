import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { compileCacheEnv } from './support/compile-cache.js';
import { askSocket, openSocket } from './support/raw-socket.js';
import { hang, type ScriptedUpstream, startScriptedUpstream } from './support/scripted-upstream.js';

const MAIN = resolve('dist', 'bin', 'main.js');

/** What it imports when its settings are in order. */
const GATEWAY = resolve('dist', 'bin', 'gateway.js');

/** An older Node.js, as far as the program can tell. */
const OLDER_NODE = `data:text/javascript,${encodeURIComponent(
  "Object.defineProperty(process.versions, 'node', { value: '20.19.4' }); Object.defineProperty(process, 'version', { value: 'v20.19.4' });",
)}`;

/** A program without its gateway, which takes a moment to import. */
const NO_GATEWAY = `data:text/javascript,${encodeURIComponent(
  `import { registerHooks } from 'node:module'; registerHooks({ load(url, context, next) { if (url === '${pathToFileURL(GATEWAY)}') throw new Error('imported'); return next(url, context); } });`,
)}`;

let directory: string;
let upstream: ScriptedUpstream;
let programs: Program[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sluice-process-'));
  upstream = await startScriptedUpstream();
  programs = [];
});

afterEach(async () => {
  // A test that failed half-way leaves nothing behind.
  for (const { child, ended } of programs) {
    child.kill('SIGKILL');
    await ended;
  }
  await upstream.close();
  rmSync(directory, { recursive: true });
});

/** The built program as a process of its own, in a directory of its own. */
interface Program {
  readonly child: ChildProcess;
  /** Resolves with the URL that it says it is ready at. */
  readonly ready: Promise<string>;
  /** Resolves with how it ended and all that it printed. */
  readonly ended: Promise<{
    readonly code: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

function run(environment: Record<string, string>, ...nodeOptions: string[]): Program {
  const child = spawn(process.execPath, [...nodeOptions, MAIN], {
    cwd: directory,
    env: { PATH: process.env.PATH, ...compileCacheEnv, ...environment },
  });
  let stdout = '';
  let stderr = '';
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>();
  ready.catch(() => {});
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    const url = /Sluice is ready\..* WebSocket: (http:\/\/\S+?)\/graphql/.exec(stdout)?.[1];
    if (url) resolve(url);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => {
    reject(new Error(`It ended: ${stdout}${stderr}`));
    return { code: code as number | null, stdout, stderr };
  });
  const program = { child, ready, ended };
  programs.push(program);
  return program;
}

/** A message as a PostgreSQL server sends it. */
function pgMessage(kind: string, body: string): Buffer {
  const message = Buffer.from(`${kind}\0\0\0\0${body}`, 'latin1');
  message.writeInt32BE(message.length - 1, 1);
  return message;
}

const remote = () => ({
  PORT: '0',
  CAMPAIGN_URL: upstream.url,
  CAMPAIGN_ORGANIZATION: 'acme',
  CAMPAIGN_API_KEY: 'planted-key',
  CAMPAIGN_ACCESS_TOKEN: 'planted-token',
  DRAIN_DELAY_MS: '0',
});

describe('the program', () => {
  it('lists what is wrong with its settings before it imports the gateway, and exits with 1', async () => {
    writeFileSync(join(directory, '.env'), 'LOG_LEVEL=loud\nPORT=1\n');
    const environment = { PORT: 'x', CAMPAIGN_URL: 'https://me:planted@nowhere:x' };
    expect(await run(environment, '--import', NO_GATEWAY).ended).toEqual({
      code: 1,
      stdout: '',
      stderr: [
        'These settings must be corrected:',
        '  PORT=x: expected a whole number, 0 to 65535',
        '  CAMPAIGN_URL=https://***@nowhere:x: expected an http or https URL without credentials, query or fragment',
        '  LOG_LEVEL=loud: expected trace, debug, info, warn, error, silent',
        '  CAMPAIGN_ORGANIZATION is not set: expected because CAMPAIGN_URL is set',
        '  CAMPAIGN_API_KEY is not set: expected because CAMPAIGN_URL is set',
        '  CAMPAIGN_ACCESS_TOKEN is not set: expected because CAMPAIGN_URL is set (or IMS_CLIENT_ID and IMS_CLIENT_SECRET instead)',
        '',
      ].join('\n'),
    });
  });

  it.each([
    ['a remote upstream, at the log level info', () => ({ ...remote(), LOG_LEVEL: 'info' })],
    ['the embedded service, at the log level silent', () => ({ LOG_LEVEL: 'silent' })],
  ])('says in one line that its port is in use, with %s', async (_what, toEnvironment) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const answer = await run({ ...toEnvironment(), PORT: port }).ended;
    other.close();
    expect(answer).toEqual({
      code: 1,
      stdout: '',
      stderr: `Port ${port} of 127.0.0.1 is in use. Set PORT to another one, or to 0 for a free one.\n`,
    });
  });

  it('with the embedded service is ready, has its data folder for itself, and ends well', async () => {
    const { child, ready, ended } = run({ PORT: '0' });
    const response = await fetch(`${await ready}/readyz`);
    expect(await response.json()).toMatchObject({ status: 'ready' });
    const second = await run({ PORT: '0' }).ended;
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
    expect([second.code, second.stderr]).toEqual([
      1,
      '.sluice/platform is in use by another Platform receiver: stop that one, or set DATA_DIR to another folder.\n',
    ]);
  });

  it('serves the console and the explorer, whose files are beside its own', async () => {
    const url = await run(remote()).ready;
    for (const page of ['/', '/explorer/']) {
      const html = await (await fetch(url + page)).text();
      const [, script] = /<script[^>]* src="([^"]+\.js)"/.exec(html) ?? [];
      const { status } = await fetch(new URL(String(script), url + page));
      expect([page, script, status]).toEqual([page, expect.any(String), 200]);
    }
  });

  it('names its sources in stacks', () => {
    const failing = `import(${JSON.stringify(pathToFileURL(GATEWAY))}).then(({ startGateway }) => startGateway())`;
    const { stderr } = spawnSync(process.execPath, ['--enable-source-maps', '-e', failing], {
      encoding: 'utf8',
    });
    expect(stderr).toContain(`(${resolve('src', 'gateway.ts')}:`);
  });

  it('says in one line what Node.js it needs', async () => {
    expect(await run({}, '--import', OLDER_NODE).ended).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'Sluice needs Node.js 24 or newer, and this is v20.19.4. "npm ci" installs the right one for "npm start"; otherwise install it yourself.\n',
    });
  });

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

  it('ends after a start that failed, though the database keeps its connection open', async () => {
    const begun = Buffer.concat([pgMessage('R', '\0\0\0\0'), pgMessage('Z', 'I')]);
    const refusal = pgMessage('E', 'SERROR\0C53400\0Mno session is free\0\0');
    const database = createServer({ allowHalfOpen: true }, (socket) => {
      let isSignedIn = false;
      socket.on('data', () => {
        socket.write(isSignedIn ? Buffer.concat([refusal, pgMessage('Z', 'I')]) : begun);
        isSignedIn = true;
      });
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1');
    await once(database, 'listening');
    const { port } = database.address() as AddressInfo;
    const { ended } = run({
      ...remote(),
      DATABASE_URL: `postgres://sluice:planted@127.0.0.1:${port}/sluice`,
    });
    const { code, stderr } = await ended;
    expect([code, stderr.trim().split('\n')]).toEqual([
      1,
      [expect.stringMatching(/ cannot be used \(no session is free\)\. /)],
    ]);
    database.close();
  });

  it('gets the signals that "npm start" gets, and leaves nothing behind', async () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
    const start = String(scripts.start).replace('npm run --silent build', 'true');
    expect(start).toContain(' dist/bin/main.js');
    writeFileSync(
      join(directory, 'package.json'),
      JSON.stringify({ scripts: { start: start.replace('dist/bin/main.js', MAIN) } }),
    );
    const npm = spawn('npm', ['start'], {
      cwd: directory,
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
