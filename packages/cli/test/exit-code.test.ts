import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { oddMappings } from '../../../test/support/test-upstream.js';
import { useAdministration } from './support/administering-command.js';
import { endOnce, useSignedInCommand } from './support/signed-in-command.js';

const { command, upstream, gateway, as, run } = useSignedInCommand();
const runThere = useAdministration(command);

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

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
