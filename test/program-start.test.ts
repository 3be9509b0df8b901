import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { usePrograms } from './support/program.js';

const { directory, run, remote } = usePrograms();

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

/** A message as a PostgreSQL server sends it. */
function pgMessage(kind: string, body: string): Buffer {
  const message = Buffer.from(`${kind}\0\0\0\0${body}`, 'latin1');
  message.writeInt32BE(message.length - 1, 1);
  return message;
}

describe('the program', () => {
  it('lists what is wrong with its settings before it imports the gateway, and exits with 1', async () => {
    writeFileSync(join(directory(), '.env'), 'LOG_LEVEL=loud\nPORT=1\n');
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
});
