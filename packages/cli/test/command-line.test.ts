import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rights, toMappingScope } from '../../../src/ingestion/caller.js';
import { newApiKey } from '../../../src/server/sign-in/api-keys.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from '../../../test/campaign/support/running-service.js';
import { askGateway } from '../../../test/support/ask-gateway.js';
import { publicExposure } from '../../../test/support/exposure.js';
import { toUpstream } from '../../../test/support/faulty-campaign.js';
import { type GatewayProcess, startGatewayProcess } from '../../../test/support/gateway-process.js';
import { startTestUpstream } from '../../../test/support/start-test-upstream.js';
import { startTcpProxy } from '../../../test/support/tcp-proxy.js';
import { startTestGateway, type TestGateway } from '../../../test/support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../../../test/support/test-upstream.js';
import {
  installPackedCommand,
  type PackedCommand,
  type Running,
} from './support/packed-command.js';

const keys = { all: newApiKey(), reader: newApiKey(), starter: newApiKey() };
const entry = { rights, mappings: toMappingScope(['*']), expiresAt: null };
const signIn = {
  accessTokens: null,
  apiKeys: [
    { ...entry, name: 'all', sha256: keys.all.sha256 },
    { ...entry, name: 'reader', rights: ['ingestion:read' as const], sha256: keys.reader.sha256 },
    {
      ...entry,
      name: 'starter',
      rights: ['ingestion:start' as const],
      sha256: keys.starter.sha256,
    },
  ],
};
/** Begins what only a terminal obeys. */
const ESCAPE = '\u001b[';
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

let left: AsyncDisposableStack;
let command: PackedCommand;
let upstream: TestUpstream;
let gateway: TestGateway;
/** In front of a Campaign service that can be administered. */
let administered: TestGateway;

beforeAll(async () => {
  left = new AsyncDisposableStack();
  command = await installPackedCommand();
  left.defer(() => command.remove());
  upstream = await startTestUpstream(['good', 'bad', 'cut', 'late', 'a b', '--weird']);
  left.defer(() => upstream.close());
  await upstream.willEnd('bad', 'failedEmpty');
  gateway = await startTestGateway(upstream.config, { signIn, retryBackoffMs: 10 });
  left.defer(() => gateway.stop());
  const space = left.use(
    await createWorkspace({
      'crm.yaml': mappingYaml('crm'),
      'slow.yaml': mappingYaml('slow', { recordsPerSecond: 0.01 }),
      'people.csv': peopleCsv(3),
    }),
  );
  const service = left.use(await startService(space));
  administered = await startTestGateway(service.url, { upstream: toUpstream(service.url) });
  left.defer(() => administered.stop());
});

afterAll(() => left.disposeAsync());

const as = (key: keyof typeof keys) => ({ SLUICE_URL: gateway.url, SLUICE_TOKEN: keys[key].key });
const anonymous = () => ({ SLUICE_URL: administered.url });
const run = (...args: string[]) => command.run(args, { env: as('all') });
const runThere = (...args: string[]) => command.run(args, { env: anonymous() }).ended;

/** Have what it waits for end, once it says that it has begun. */
async function endOnce(running: Running, end: () => Promise<void>) {
  await running.wrote('stdout', /IN_PROGRESS/);
  await end();
  return running.ended;
}

/** What is left of a terminal’s output once nothing on it is erased. */
function toScreen(output: string): string[] {
  return output
    .split('\r\n')
    .map((line) => line.split(`\r${ESCAPE}2K`).at(-1) ?? '')
    .filter((line) => line !== '');
}

/** The statuses of transitions, one per line. */
function toEnds(lines: string): string[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).to);
}

describe('the exit code', () => {
  it('is 0 for help and the version, on standard output', async () => {
    const help = await run('--help').ended;
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('Usage: sluice');
    expect(await run('--version').ended).toMatchObject({ code: 0, stdout: '0.1.0\n' });
  });

  it.each([
    ['nothing to do', []],
    ['an unknown command', ['begin']],
    ['an unknown option', ['start', 'good', '--await']],
    ['a missing argument', ['watch', 'good']],
    ['one argument too many', ['status', 'good', '1', '2']],
    ['a time without a unit that is known', ['start', 'good', '--timeout', '10 parsecs']],
    ['too many retries', ['start', 'good', '--retry-on-abort', '6']],
    ['an unknown form', ['list', '-o', 'xml']],
    ['an unknown status', ['list', '--status', 'DONE']],
    ['a limit of none', ['list', '--limit', '0']],
    ['an unknown profile', ['list', '--profile', 'nobody']],
    ['an address that is none', ['list', '--url', 'localhost:4000']],
    ['a file that is not there', ['list', '--token-file', '/nowhere/token']],
    ['an endless document', ['activity', '-o', 'json']],
    ['no checkout to check with', ['check', 'mapping.yaml']],
    ['what the gateway calls bad input', ['start', '']],
  ])('is 2 for %s', async (_title, args) => {
    const { code, stdout, stderr } = await run(...args).ended;
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toContain('    at ');
    expect(stderr).not.toBe('');
  });

  it('is 0 for a start, whose request is the data', async () => {
    const first = await run('start', 'good', '--idempotency-key', 'k-1').ended;
    expect(first).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(RegExp(`^${TIME}  good  3520  IN_PROGRESS\n$`)),
      stderr: 'To follow it: sluice watch good 3520\n',
    });
    const again = await run('start', 'good', '--idempotency-key', 'k-1', '-o', 'json').ended;
    expect(JSON.parse(again.stdout)).toMatchObject({
      __typename: 'IngestionSubmitted',
      idempotencyKey: 'k-1',
      request: { requestId: '3520' },
    });
    const other = await run('start', 'good').ended;
    expect(other).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^good is already being ingested: this is that request\.\n/),
    });
  });

  it('is 0 for a start of a mapping whose id looks like an option', async () => {
    const { code, stderr } = await run('start', '--', '--weird').ended;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^To follow it/);
    const [, line = ''] = /^To follow it: sluice (watch -- --weird \d+)\n$/.exec(stderr) ?? [];
    await upstream.finish();
    expect((await run(...line.split(' ')).ended).code).toBe(0);
  });

  it('is 0 for a start by somebody who may do nothing else', async () => {
    const { code } = await command.run(['start', 'good'], { env: as('starter') }).ended;
    expect(code).toBe(0);
  });

  it('is 0 for a success, with a line for each transition', async () => {
    const ended = await endOnce(run('start', 'good', '--wait', '--timeout', '1m'), upstream.finish);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(
      RegExp(`^${TIME}  good  \\d+  IN_PROGRESS\n${TIME}  good  \\d+  SUCCESS  15 records\n$`),
    );
  });

  it('is 1 for a failure, of which it tells why and what to do', async () => {
    const ended = await endOnce(run('start', 'bad', '--wait'), upstream.finish);
    expect(ended.code).toBe(1);
    const why = 'ACP-880056: Failed to fetch the record from the database.';
    expect(ended.stdout).toContain(`  FAILED  ${why}\n`);
    expect(ended.stderr).toMatch(/^sluice: ACP-880056: \d+ failed: .*\nWhat to do: sluice st/);
    const [, requestId = ''] = /bad {2}(\d+)/.exec(ended.stdout) ?? [];
    const told = await run('status', 'bad', requestId).ended;
    expect(told.code).toBe(1);
    expect(told.stdout).toContain(`\nstatus      FAILED\nfailure     ${why}\n`);
    const watched = await run('watch', 'bad', requestId, '-o', 'json').ended;
    expect(watched.code).toBe(1);
    expect(JSON.parse(watched.stdout)).toMatchObject([{ to: 'IN_PROGRESS' }, { to: 'FAILED' }]);
    expect(JSON.parse(watched.stderr)).toMatchObject({ error: { code: 'ACP-880056' } });
  });

  it('is 1 for an abortion, unless a retry succeeds', async () => {
    const aborted = await endOnce(run('start', 'cut', '--wait'), upstream.abort);
    expect(aborted.code).toBe(1);
    expect(aborted.stderr).toContain('\nWhat to do: sluice start cut\n');
    const retried = run('start', 'cut', '--wait', '--retry-on-abort', '1', '-o', 'jsonl');
    await retried.wrote('stdout', /"to":"IN_PROGRESS"/);
    await upstream.abort();
    await retried.wrote('stdout', /"to":"ABORTED".*\n.*"from":null,"to":"IN_PROGRESS"/);
    await upstream.finish();
    const { code, stdout } = await retried.ended;
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(lines.map(({ to, request }) => [to, request.attempt])).toEqual([
      ['IN_PROGRESS', 1],
      ['ABORTED', 1],
      ['IN_PROGRESS', 2],
      ['SUCCESS', 2],
    ]);
    const [{ request }] = lines;
    const watched = await run('watch', 'cut', request.requestId, '-o', 'jsonl').ended;
    expect(watched.code).toBe(0);
    const cursors = (text: string) => text.match(/"cursor":"[^"]+"/g);
    expect(cursors(watched.stdout)).toEqual(cursors(stdout));
  });

  it('is 1 where there is no such request, and no gateway', async () => {
    const unknown = await run('status', 'good', '999').ended;
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/^sluice: INGESTION_REQUEST_NOT_FOUND: /);
    expect(await run('watch', 'good', '999').ended).toMatchObject({ code: 1, stdout: '' });
    const nobody = await run('list', '--url', 'http://127.0.0.1:2').ended;
    expect(nobody).toMatchObject({ code: 1, stdout: '' });
    expect(nobody.stderr).toContain('did not answer: connect ECONNREFUSED');
    expect(nobody.stderr).toContain('What to do: sluice doctor\n');
  });

  it.each([
    ['is not stopped', oddMappings.scheduled, `sluice stop ${oddMappings.scheduled}`],
    [
      'is not published',
      oddMappings.unpublished,
      `sluice publish ${oddMappings.unpublished} && sluice stop ${oddMappings.unpublished}`,
    ],
    ['does not exist', 'no one’s', 'sluice mappings'],
  ])('is 3 for a start of what %s', async (_title, mappingId, advice) => {
    const { code, stdout, stderr } = await run('start', mappingId, '--wait').ended;
    expect([code, stdout]).toEqual([3, '']);
    expect(stderr).toContain(`\nWhat to do: ${advice}\n`);
  });

  it('is 1 for a start of which nobody knows, which can be repeated', async () => {
    const { code, stderr } = await run('start', 'lossy-a', '--idempotency-key', 'k 2').ended;
    expect(code).toBe(1);
    expect(stderr).toContain("sluice start lossy-a --idempotency-key 'k 2'\n");
  });

  it('is 3 for a change that is refused', async () => {
    expect(await runThere('stop', 'crm')).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringMatching(/ALREADY_STOPPED: /),
    });
    expect(await runThere('cancel', '99')).toMatchObject({ code: 3, stdout: '' });
  });

  it('is 4 without a sign-in, with one that is refused, and for what one may not do', async () => {
    for (const [args, env] of [
      [['list'], { SLUICE_URL: gateway.url }],
      [['list'], { ...as('all'), SLUICE_TOKEN: 'made-up' }],
      [['watch', 'good', '3520'], { ...as('all'), SLUICE_TOKEN: 'made-up' }],
      [['start', 'good'], as('reader')],
      [['doctor'], { SLUICE_URL: gateway.url }],
    ] as const) {
      const { code, stderr } = await command.run(args, { env }).ended;
      expect([args, code]).toEqual([args, 4]);
      expect(stderr).not.toContain('made-up');
    }
  });

  it('is 124 once the time is up, and 130 once it is interrupted: it says how to go on', async () => {
    const late = await run('start', 'late', '--wait', '--timeout', '1s').ended;
    expect(late.code).toBe(124);
    const goOn = /\nTo continue: sluice (watch late \d+)\n$/;
    const [, words = ''] = goOn.exec(late.stderr) ?? [];
    const again = run(...words.split(' '), '--profile', 'default');
    expect((await again.ended).code).toBe(2);
    const watched = run(...words.split(' '));
    await watched.wrote('stdout', /IN_PROGRESS/);
    watched.child.kill('SIGINT');
    const { code, stderr } = await watched.ended;
    expect(code).toBe(130);
    expect(stderr).toMatch(goOn);
  });

  const ifLinux = process.platform === 'linux' ? it : it.skip;
  ifLinux.each(['text', 'json', 'jsonl'])('is 1 where %s cannot be written', async (form) => {
    const options = { env: as('all'), stdoutPath: '/dev/full' };
    const { code, stderr } = await command.run(['list', '-o', form], options).ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot be written: ENOSPC')]);
  });

  it.each(['null', '7', '[]'])('is 1 where a gateway answers %s', async (answer) => {
    const server = createServer((_request, response) =>
      response.setHeader('content-type', 'application/json').end(answer),
    );
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run('list', '--url', `http://127.0.0.1:${port}`).ended;
    server.close();
    expect([code, stderr]).toEqual([1, 'sluice: The gateway gave neither data nor an error.\n']);
  });

  it('is 141 once nobody reads', async () => {
    const running = run('activity', '-o', 'jsonl', '--mapping', 'good');
    running.child.stdout?.destroy();
    const started = run('start', 'good');
    await started.ended;
    await upstream.finish();
    expect((await running.ended).code).toBe(141);
  });
});

describe('the package', () => {
  it('has the licence of each library that is in it', async () => {
    const dir = join(command.home, 'node_modules/@sluice/cli');
    const { dependencies } = JSON.parse(await readFile(join(dir, 'package.json'), 'utf8'));
    expect(dependencies).toBeUndefined();
    const licences = await readFile(join(dir, 'dist/LICENSES.txt'), 'utf8');
    for (const name of ['@bomb.sh/tab', '@clack/prompts', 'commander', 'graphql-ws', 'ws']) {
      expect(licences).toMatch(RegExp(`^${name} \\d+\\.\\d+\\.\\d+: MIT$`, 'm'));
    }
  });
});

describe('what is listed', () => {
  it('has requests, of which it says if there are more', async () => {
    const { code, stdout, stderr } = await run('list', '--limit', '1').ended;
    expect(code).toBe(0);
    const [head, row, ...rest] = stdout.split('\n');
    expect(head).toMatch(/^MAPPING +REQUEST +STATUS +RECORDS +STARTED +TOOK +REASON$/);
    expect(row).toMatch(/^\S+ +\d+ +[A-Z_]+ /);
    expect(rest).toEqual(['']);
    expect(stderr).toBe('There are more: --limit shows them.\n');
    const failed = await run('list', '--status', 'FAILED', '--mapping', 'bad', '-o', 'json').ended;
    expect(JSON.parse(failed.stdout)).toMatchObject([{ mappingId: 'bad', status: 'FAILED' }]);
    const none = await run('list', '--mapping', 'nothing', '-o', 'json').ended;
    expect(none).toMatchObject({ code: 0, stdout: '[]\n' });
  });

  it('has mappings and jobs, and changes them', async () => {
    const listed = await runThere('mappings');
    expect(listed.stdout).toMatch(
      /^MAPPING +STATE .*\ncrm +STOPPED .*The mapping crm\nslow +STOPPED/,
    );
    expect(await runThere('schedule', 'slow')).toMatchObject({
      code: 0,
      stdout: 'slow is started\n',
    });
    const jobs = await runThere('jobs', '--mapping', 'slow', '-o', 'jsonl');
    const { jobId } = JSON.parse(jobs.stdout);
    expect(await runThere('unpublish', 'slow')).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/JOB_RUNNING: /),
    });
    expect(await runThere('stop', 'slow')).toMatchObject({ code: 0, stdout: 'slow is stopped\n' });
    expect(await runThere('cancel', jobId)).toMatchObject({
      code: 0,
      stdout: `job ${jobId} is cancelled\n`,
    });
    expect((await runThere('unpublish', 'slow')).stdout).toBe('slow is unpublished\n');
    const resent = await runThere('publish', 'crm', '--resend');
    expect(resent).toMatchObject({ code: 3, stderr: expect.stringMatching(/ALREADY_PUBLISHED: /) });
  });
});

describe('a wait', () => {
  const mappingId = 'XDM44';
  let runs: TestUpstream;
  let dataDir: string;
  let running: GatewayProcess;

  beforeAll(async () => {
    runs = await startTestUpstream();
    left.defer(() => runs.close());
    dataDir = await mkdtemp(join(tmpdir(), 'restart-'));
    left.defer(() => rm(dataDir, { recursive: true, force: true }));
    left.defer(kill);
    start({});
  });

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

describe('the terminal', () => {
  it('has one line that lives, and keeps what it ends as', async () => {
    const running = command.runInTerminal(['start', 'a b', '--wait'], { env: as('all') });
    const { code, stdout } = await endOnce(running, upstream.finish);
    expect(code).toBe(0);
    expect(stdout).toContain(`  ${ESCAPE}36mIN_PROGRESS${ESCAPE}39m  0:0`);
    const screen = toScreen(stdout);
    expect(screen).toHaveLength(1);
    expect(screen[0]).toContain(`  ${ESCAPE}32mSUCCESS${ESCAPE}39m  15 records`);
  });

  it('has no colour where NO_COLOR says so', async () => {
    const env = { ...as('all'), NO_COLOR: '1' };
    const running = command.runInTerminal(['start', 'a b', '--wait'], { env });
    const { stdout } = await endOnce(running, upstream.finish);
    expect(stdout).toContain(`\r${ESCAPE}2Ka b  `);
    expect(stdout).toContain('  IN_PROGRESS  0:0');
    expect(stdout).not.toContain(`${ESCAPE}3`);
  });

  it.each([
    ['is dumb', { TERM: 'dumb' }],
    ['is that of a CI job', { CI: 'true', NO_COLOR: '1' }],
  ])('has a line for each transition and no trick where it %s', async (_title, extra) => {
    const env = { ...as('all'), ...extra };
    const running = command.runInTerminal(['start', 'a b', '--wait'], { env });
    const { stdout } = await endOnce(running, upstream.finish);
    expect(stdout).not.toContain(ESCAPE);
    expect(stdout.split('\r\n').map((line) => line.split('  ')[3])).toEqual([
      'IN_PROGRESS',
      'SUCCESS',
      undefined,
    ]);
  });

  it('is not sent what a text of others would have it obey', async () => {
    const id = 'no\u001b]0;one\u0007';
    const { code, stdout } = await command.runInTerminal(['start', id], { env: as('all') }).ended;
    expect(code).toBe(2);
    expect(stdout).toContain('no');
    expect(stdout).not.toContain('\u001b]0');
    expect(stdout).not.toContain('\u0007');
  });
});

describe('login', () => {
  const profilesPath = () => join(command.home, '.config/sluice/profiles.json');

  it('keeps a token from standard input, once the gateway has taken it', async () => {
    const args = ['login', '--url', `${gateway.url}/graphql`, '--profile', 'ci'];
    const refused = await command.run(args, { input: 'made-up\n' }).ended;
    expect(refused).toMatchObject({ code: 4, stdout: '' });
    await expect(stat(profilesPath())).rejects.toThrow('ENOENT');
    const taken = await command.run(args, { input: `${keys.reader.key}\n` }).ended;
    expect(taken).toEqual({
      code: 0,
      stdout: `ci: ${gateway.url}/\n`,
      stderr: `You are reader.\nSaved in ${profilesPath()}.\n`,
    });
    expect((await stat(profilesPath())).mode & 0o777).toBe(0o600);
    const listed = await command.run(['list', '--profile', 'ci']).ended;
    expect(listed.code).toBe(0);
  });

  it('takes the gateway of SLUICE_URL without a flag', async () => {
    const input = `${keys.reader.key}\n`;
    const login = ['login', '--profile', 'variable'];
    const nowhere = await command.run(login, { input }).ended;
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining('SLUICE_URL') });
    const env = { SLUICE_URL: gateway.url };
    expect(await command.run(login, { input, env }).ended).toMatchObject({
      code: 0,
      stdout: `variable: ${gateway.url}/\n`,
    });
  });

  it('keeps the token of a profile from other gateways', async () => {
    const env = { SLUICE_PROFILE: 'ci', SLUICE_URL: gateway.url };
    expect((await command.run(['list'], { env }).ended).code).toBe(0);
    const elsewhere = gateway.url.replace('127.0.0.1', 'localhost');
    expect((await command.run(['list', '--url', elsewhere], { env }).ended).code).toBe(4);
  });

  it('asks at a terminal, and shows no token', async () => {
    const running = command.runInTerminal(['login', '--url', gateway.url]);
    await running.wrote('stdout', /API key or access token/);
    running.child.stdin?.write(`${keys.all.key}\r`);
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(stdout).not.toContain(keys.all.key);
    expect(JSON.parse(await readFile(profilesPath(), 'utf8')).default.token).toBe(keys.all.key);
    expect((await command.run(['list']).ended).code).toBe(0);
  });

  it('reads profiles behind a byte order mark, and none from a list', async () => {
    const path = join(command.home, 'marked.json');
    const env = { SLUICE_CONFIG: path };
    await writeFile(path, `\uFEFF${JSON.stringify({ default: { url: administered.url } })}`);
    expect((await command.run(['list'], { env }).ended).code).toBe(0);
    await writeFile(path, '[]');
    expect((await command.run(['list'], { env }).ended).code).toBe(2);
  });

  it('refuses what others may read', async () => {
    const path = join(command.home, 'open.json');
    const profiles = { default: { url: gateway.url, token: keys.all.key } };
    await writeFile(path, JSON.stringify(profiles), { mode: 0o644 });
    const { code, stderr } = await command.run(['list'], { env: { SLUICE_CONFIG: path } }).ended;
    expect([code, stderr]).toEqual([2, expect.stringContaining(`chmod 600 ${path}`)]);
  });
});

describe('doctor', () => {
  it('says that all is well', async () => {
    const env = as('reader');
    const { code, stdout } = await command.run(['doctor', '-o', 'jsonl'], { env }).ended;
    const checks = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(checks.map(({ name, state }) => [name, state])).toEqual(
      [
        'command',
        'settings',
        'gateway',
        'clock',
        'upstream',
        'sign-in',
        'version',
        'websocket',
      ].map((name) => [name, 'ok']),
    );
    expect(checks[5].message).toBe('you are reader; your rights: ingestion:read');
    expect(code).toBe(0);
  });

  it('says that it cannot compare the API where introspection is off', async () => {
    const closed = await startTestGateway(upstream.config, { signIn, exposure: publicExposure });
    const env = { ...as('reader'), SLUICE_URL: closed.url };
    const { code, stdout } = await command.run(['doctor'], { env }).ended;
    await closed.stop();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^unknown +version +the gateway allows no introspection$/m);
  });

  it('says what is wrong, and what to do', async () => {
    const { code, stdout } = await run('doctor', '--url', 'http://127.0.0.1:2').ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nwrong +gateway +.*ECONNREFUSED.*\n +What to do: check the URL/);
  });
});

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('is written for %s', async (shell) => {
    const { code, stdout } = await run('completion', shell).ended;
    expect(code).toBe(0);
    expect(stdout).toContain('sluice complete');
  });

  it('has commands, options and their values', async () => {
    const complete = async (...words: string[]) =>
      (await run('complete', '--', ...words).ended).stdout;
    expect(await complete('st')).toMatch(/^start\t.*\nstatus\t.*\nstop\t/m);
    expect(await complete('start', '--')).toContain('--retry-on-abort');
    expect(await complete('list', '--status', 'F')).toContain('FAILED');
    expect(await complete('list', '--output', 'j')).toMatch(/^json\t?\njsonl/);
  });
});

describe('check, preview and infer', () => {
  it('are those of the Campaign service of a checkout', async () => {
    const service = join(command.home, 'service');
    const print = 'node -p "process.argv.slice(1).join()" --';
    const scripts = {
      'campaign:check': 'exit 1',
      'campaign:infer': print,
      'campaign:preview': print,
    };
    await mkdir(join(service, 'mappings'), { recursive: true });
    await writeFile(join(service, 'package.json'), JSON.stringify({ name: 'sluice', scripts }));
    const cwd = join(service, 'mappings');
    const file = join(cwd, 'people.csv');
    expect(await command.run(['infer', 'people.csv'], { cwd }).ended).toMatchObject({
      code: 0,
      stdout: `${file}\n`,
    });
    const env = { SLUICE_SERVICE_DIR: service };
    expect(await command.run(['preview', file, '--rows', '3'], { env }).ended).toMatchObject({
      code: 0,
      stdout: `${file},--rows,3\n`,
    });
    expect((await command.run(['check', file, '--service', service]).ended).code).toBe(1);
  });
});
