import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SettingsInvalidError } from '../../src/adobe/settings.js';
import { parseCampaignConfig } from '../../src/campaign/campaign-config.js';
import { parsePlatformConfig } from '../../src/platform/platform-config.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from './support/running-service.js';
import { startScriptedPlatform } from './support/scripted-platform.js';
import { exitOf, run } from './support/service-process.js';

describe('the service alone', () => {
  it('prints the environment for a gateway, and exits cleanly on SIGTERM', async () => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    const { child, printed } = run(space, { CAMPAIGN_SERVICE_PORT: '0' });
    const output = await printed('CAMPAIGN_ADMIN_CLIENT_SECRET=');
    expect(output).toMatch(/^CAMPAIGN_URL=http:\/\/127\.0\.0\.1:\d+$/m);
    expect(output).toMatch(/^CAMPAIGN_ADMIN_CLIENT_ID=sluice-demo-admin$/m);
    const [line = ''] = /^\{.*\}$/m.exec(output) ?? [];
    expect(Object.keys(JSON.parse(line))).toEqual(
      expect.arrayContaining(['level', 'time', 'part']),
    );
    expect(line).not.toMatch(/"(pid|hostname)"/);
    expect(output).toMatch(/^IMS_URL=http:\/\/127\.0\.0\.1:\d+$/m);
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
  });

  it('says in one line that its port is in use, and exits with 1', async () => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    await using other = await startService(space);
    const { port } = new URL(other.url);
    await using own = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    const { child, errors } = run(own, { CAMPAIGN_SERVICE_PORT: port });
    expect(await exitOf(child)).toBe(1);
    expect(errors()).toBe(
      `Port ${port} of 127.0.0.1 is in use. Set CAMPAIGN_SERVICE_PORT to another one, or to 0 for a free one.\n`,
    );
  });

  it('compares paths with the schema: forbidden ones stop the start, missing ones are logged', async () => {
    const to = (path: string) => ({
      fields: [
        { column: 'id', to: '_id' },
        { column: 'n', to: path },
      ],
    });
    const forbidden = (id: string) => mappingYaml(id, to('person.name.firstName.x'));
    await using bad = await createWorkspace({ 'a.yaml': forbidden('M'), 'b.yaml': forbidden('N') });
    const { child, errors } = run(bad, { PLATFORM_RECEIVER_DATASETS_DIR: bad.datasetsDir });
    expect(await exitOf(child)).toBe(1);
    expect(errors()).toContain(
      'a.yaml:1: fields.1.to: person.name.firstName.x is not in the schema of',
    );
    expect(errors()).toContain('b.yaml:1: fields.1.to: ');

    await using odd = await createWorkspace({ 'a.yaml': mappingYaml('M', to('person.nane')) });
    const started = run(odd, { PLATFORM_RECEIVER_DATASETS_DIR: odd.datasetsDir });
    expect(await started.printed('CAMPAIGN_URL=')).toContain('"paths":["person.nane"]');
    started.child.kill('SIGTERM');
    expect(await exitOf(started.child)).toBe(0);
  });

  it('checks a mapping against a schema in several files', async () => {
    const fields = ['_id', 'name.first', 'name.frist'].map((to) => ({ column: 'id', to }));
    await using space = await createWorkspace({
      'a.yaml': mappingYaml('M', { dataset: 'a'.repeat(24), fields }),
      'people.csv': 'id\n1\n',
    });
    const name = { $id: 'https://a/name', properties: { first: {} } };
    const schema = { $id: 'https://a/a', properties: { name: { $ref: 'name' } } };
    await writeFile(join(space.datasetsDir, 'name.json'), JSON.stringify(name));
    await writeFile(join(space.datasetsDir, `${'a'.repeat(24)}.json`), JSON.stringify({ schema }));
    const checking = spawnSync(
      process.execPath,
      [join('dist', 'bin', 'campaign-check.js'), join(space.mappingsDir, 'a.yaml')],
      { env: { PLATFORM_RECEIVER_DATASETS_DIR: space.datasetsDir }, encoding: 'utf8' },
    );
    expect(checking.stdout).toMatch(
      /1 read: 1 would be sent, 0 rejected\nname\.frist is not in the schema of a{24}\n$/,
    );
    expect(checking.status).toBe(1);
  });

  it('checks a file in the encodings that the service reads, and in no others', async () => {
    await using space = await createWorkspace({ 'people.csv': peopleCsv(2_000) });
    const file = join(space.mappingsDir, 'a.yaml');
    const tool = join('dist', 'bin', 'campaign-check.js');
    // Node.js warns of a file that is garbage before it is closed.
    const collecting = ['--expose-gc', '--import', 'data:text/javascript,setInterval(gc).unref()'];
    const check = () =>
      spawnSync(process.execPath, [...collecting, tool, file], { encoding: 'utf8' });
    const yaml = mappingYaml('Kunden-Größe');
    await writeFile(file, `\uFEFF${yaml}`, 'utf16le');
    expect(check()).toMatchObject({ status: 0, stderr: '' });
    await writeFile(file, yaml, 'latin1');
    expect(check()).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`${file}: cannot be read: expected text in UTF-8`),
    });
  });

  it('listens on the given host, also in brackets, and refuses more than a host', () => {
    expect(parseCampaignConfig({ CAMPAIGN_SERVICE_HOST: '[::1]' }).host).toBe('::1');
    expect(parsePlatformConfig({ PLATFORM_RECEIVER_HOST: '[::1]' }).host).toBe('::1');
    const expected = 'expected a host name or an IP address, without a port';
    expect(() => parseCampaignConfig({ CAMPAIGN_SERVICE_HOST: 'localhost:4010' })).toThrow(
      `CAMPAIGN_SERVICE_HOST: ${expected}`,
    );
    expect(() => parsePlatformConfig({ PLATFORM_RECEIVER_HOST: 'http://localhost' })).toThrow(
      `PLATFORM_RECEIVER_HOST: ${expected}`,
    );
  });

  it('reports all issues of its environment together', () => {
    const parse = () =>
      parseCampaignConfig({ CAMPAIGN_SERVICE_PORT: '70000', CAMPAIGN_SERVICE_HOST: '0.0.0.0' });
    expect(parse).toThrow(SettingsInvalidError);
    expect(parse).toThrow(/CAMPAIGN_SERVICE_PORT: expected a port, 0 to 65535/);
    expect(() => parseCampaignConfig({ CAMPAIGN_API_KEY: '"k"', IMS_CLIENT_ID: "'c" })).toThrow(
      /^The environment is wrong:\n {2}CAMPAIGN_API_KEY: expected a value without quotes, which would be part of it$/,
    );
  });

  it('keeps a job for 90 days, or as configured', () => {
    const DAY_MS = 86_400_000;
    const parse = (days: string) =>
      parseCampaignConfig({ CAMPAIGN_SERVICE_RETENTION_DAYS: days }).retentionMs;
    expect([parse(''), parse('1'), parse('36500')]).toEqual([90 * DAY_MS, DAY_MS, 36_500 * DAY_MS]);
    expect(() => parse('0')).toThrow(
      'CAMPAIGN_SERVICE_RETENTION_DAYS: expected a whole number, 1 to 36500',
    );
  });

  it('treats an empty variable as not set', () => {
    expect(parseCampaignConfig({ CAMPAIGN_ORGANIZATION: '' })).toMatchObject({
      organization: 'acme',
    });
  });

  it('sends the samples only on request, and requires all settings of a Platform', () => {
    const platform = { PLATFORM_URL: 'https://platform.example', PLATFORM_ACCESS_TOKEN: 'token' };
    expect(() => parseCampaignConfig({ ...platform, PLATFORM_CLIENT_ID: 'client' })).toThrow(
      [
        'The environment is wrong:',
        '  CAMPAIGN_SERVICE_MAPPINGS_DIR: must be set because PLATFORM_URL is set, and the sample mappings are for the local receiver',
        '  PLATFORM_API_KEY: must be set because PLATFORM_URL is set',
        '  PLATFORM_IMS_ORG: must be set because PLATFORM_URL is set',
        '  PLATFORM_ACCESS_TOKEN: must not be set together with PLATFORM_CLIENT_ID or PLATFORM_CLIENT_SECRET: choose one way to get a token',
      ].join('\n'),
    );
    const whole = {
      ...platform,
      PLATFORM_API_KEY: 'key',
      PLATFORM_IMS_ORG: 'acme@AdobeOrg',
      CAMPAIGN_SERVICE_MAPPINGS_DIR: 'mappings',
    };
    expect(parseCampaignConfig(whole)).toMatchObject({
      mappingsDir: 'mappings',
      platform: { kind: 'remote', url: 'https://platform.example' },
    });
  });

  it('refuses a data folder that another service uses', async () => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    await using platform = await startScriptedPlatform();
    await using _other = await startService({ ...space, platform: platform.settings });
    const { child, errors } = run(space, { CAMPAIGN_SERVICE_PORT: '0' });
    expect(await exitOf(child)).toBe(1);
    expect(errors()).toBe(
      `${join(space.dataDir, 'campaign')} is in use by another Campaign service: stop that one, or set DATA_DIR to another folder.\n`,
    );
  });

  it('accepts the public secret on a loopback address only', () => {
    expect(() => parseCampaignConfig({ CAMPAIGN_SERVICE_HOST: '0.0.0.0' })).toThrow(
      /IMS_CLIENT_SECRET: must be set/,
    );
    const env = {
      CAMPAIGN_SERVICE_HOST: '0.0.0.0',
      IMS_CLIENT_SECRET: 'own',
      CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET: 'own-too',
    };
    expect(parseCampaignConfig(env)).toMatchObject({ host: '0.0.0.0', port: 4010 });
  });
});
