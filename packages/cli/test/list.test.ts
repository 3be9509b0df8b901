import { beforeAll, describe, expect, it } from '@jest/globals';
import { useAdministration } from './support/administering-command.js';
import { endOnce, useSignedInCommand } from './support/signed-in-command.js';

const { command, upstream, run } = useSignedInCommand();
const runThere = useAdministration(command);

beforeAll(async () => {
  await endOnce(run('start', 'bad', '--wait'), upstream.finish);
  await endOnce(run('start', 'good', '--wait'), upstream.finish);
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
