import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { statusAnswers } from './support/campaign-answers.js';
import { startGatewayProcess } from './support/gateway-process.js';
import { selfSigned } from './support/self-signed.js';
import { startTestGateway } from './support/test-gateway.js';

const server = createServer(selfSigned, (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(statusAnswers.success('XDM44', 3520)));
});
let upstreamUrl: string;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tls-'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  upstreamUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dataDir, { recursive: true });
});

/** What a client of this gateway is answered. */
async function ask(url: string): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      query: '{ ingestionStatus(mappingId: "XDM44", requestId: "3520", maxAgeMs: 0) { status } }',
    }),
  });
  return response.json();
}

it('an upstream whose certificate nobody vouches for is sent nothing, until the operator does', async () => {
  const distrustful = await startTestGateway(upstreamUrl);
  expect(await ask(distrustful.url)).toMatchObject({
    errors: [
      {
        message:
          'The upstream cannot be reached safely: its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT). Nothing was sent. If a private authority issued it, the operator must set NODE_EXTRA_CA_CERTS to that authority’s certificate.',
        extensions: { code: 'UPSTREAM_UNAVAILABLE' },
      },
    ],
  });
  await distrustful.stop();
  const file = join(dataDir, 'authority.pem');
  await writeFile(file, selfSigned.cert);
  const env = { NODE_EXTRA_CA_CERTS: file };
  const trusting = startGatewayProcess({ upstreamUrl, dataDir, env });
  expect(await ask(await trusting.url)).toEqual({
    data: { ingestionStatus: { status: 'SUCCESS' } },
  });
  trusting.child.kill();
  await trusting.ended;
});
