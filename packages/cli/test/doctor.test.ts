import { describe, expect, it } from '@jest/globals';
import { publicExposure } from '../../../test/support/exposure.js';
import { startTestGateway } from '../../../test/support/test-gateway.js';
import { signIn, useSignedInCommand } from './support/signed-in-command.js';

const { command, upstream, as, run } = useSignedInCommand();

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
