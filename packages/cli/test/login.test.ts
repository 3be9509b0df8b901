import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startTestGateway } from '../../../test/support/test-gateway.js';
import { keys, useSignedInCommand } from './support/signed-in-command.js';

const { command, upstream, gateway } = useSignedInCommand();

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
    const open = await startTestGateway(upstream.config);
    const path = join(command.home, 'marked.json');
    const env = { SLUICE_CONFIG: path };
    await writeFile(path, `\uFEFF${JSON.stringify({ default: { url: open.url } })}`);
    expect((await command.run(['list'], { env }).ended).code).toBe(0);
    await open.stop();
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
