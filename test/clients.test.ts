import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startTestUpstream } from './support/start-test-upstream.js';
import { startTcpProxy, type TcpProxy } from './support/tcp-proxy.js';
import { startTestGateway, type TestGateway } from './support/test-gateway.js';
import type { TestUpstream } from './support/test-upstream.js';

const EXAMPLES = 'docs/clients/examples';

describe('an example of docs/clients', () => {
  const text = globSync('docs/clients/*.md')
    .map((page) => readFileSync(page, 'utf8'))
    .join();

  it.each(globSync(`${EXAMPLES}/{,relay/}*.{ts,tsx,sh}`))('%s is in a page as it is', (path) => {
    expect(text).toContain(`\n${readFileSync(path, 'utf8').trimEnd()}\n\`\`\`\n`);
  });
});

describe('an example, run as it is', () => {
  let upstream: TestUpstream;
  let gateway: TestGateway;
  let proxy: TcpProxy;

  beforeAll(async () => {
    upstream = await startTestUpstream(['crm-profiles']);
    gateway = await startTestGateway(upstream.config);
  });
  beforeEach(async () => {
    proxy = await startTcpProxy(gateway.url);
  });
  afterEach(async () => {
    await proxy.close();
    await upstream.finish();
  });
  afterAll(async () => {
    await gateway.stop();
    await upstream.close();
  });

  /**
   * Run a command whose connections are cut once it has been told of the start.
   *
   * @returns what it wrote
   */
  async function follow(command: string, path: string, isCut = true): Promise<string> {
    const child = spawn(command, [path], {
      env: { PATH: process.env.PATH, SLUICE_URL: `${proxy.url}graphql` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const closed = once(child, 'close');
    let faults = '';
    child.stderr.setEncoding('utf8').on('data', (data) => {
      faults += data;
    });
    let written = '';
    for await (const data of child.stdout.setEncoding('utf8')) {
      const isStarting = !written.includes('IN_PROGRESS');
      written += data;
      if (!isStarting || !written.includes('IN_PROGRESS')) continue;
      if (isCut) proxy.cut();
      await upstream.finish();
    }
    await closed;
    expect(faults).toBe('');
    return written;
  }

  const toScript = (name: string) => `dist/${EXAMPLES}/${name}.js`;

  it.each(['graphql-ws', 'urql', 'eventsource'])('%s follows to the end', async (name) => {
    expect(await follow(process.execPath, toScript(name))).toBe('IN_PROGRESS\nSUCCESS\n');
  });

  it('apollo follows to the end, and so does its cache', async () => {
    expect(await follow(process.execPath, toScript('apollo'))).toBe(
      "IN_PROGRESS\nSUCCESS\n{ __typename: 'IngestionRequest', status: 'SUCCESS' }\n",
    );
  });

  it('curl follows to the end of its connection', async () => {
    const written = await follow('bash', `${EXAMPLES}/curl.sh`, false);
    expect(written).toMatch(/"to":"IN_PROGRESS".*"to":"SUCCESS".*event: complete/s);
  });
});
