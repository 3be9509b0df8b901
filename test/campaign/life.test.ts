import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { createCampaignService } from '../../src/campaign/campaign-service.js';
import { createFixedCredentials } from '../../src/campaign/http/credentials.js';
import {
  createWorkspace,
  mappingYaml,
  NO_PLATFORM,
  startService,
} from './support/running-service.js';

const silent = { info() {}, warn() {}, error() {} };
const options = {
  platform: NO_PLATFORM,
  host: '127.0.0.1',
  port: 0,
  organization: 'acme',
  credentials: createFixedCredentials('k', []),
};

describe('the life of a service', () => {
  it('is started once, and stopped as often as one likes', async () => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    const service = createCampaignService({ ...options, ...space, logger: silent });
    await service.start();
    await expect(service.start()).rejects.toThrow('a Campaign service is started once');
    await Promise.all([service.stop(), service.stop()]);
    await expect(service.start()).rejects.toThrow('build another one');
  });

  it('stops while it starts, and frees its port', async () => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    const service = createCampaignService({ ...options, ...space, logger: silent });
    const starting = service.start();
    await service.stop();
    const port = Number(new URL((await starting).url).port);
    await using next = await startService({ ...space, port });
    expect(next.url).toBe(`http://127.0.0.1:${port}`);
  });

  it('does not wait for ever for a call that is never finished', async () => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    const service = await startService(space);
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', resolve));
    socket.write('POST /ims/token/v3 HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nab');
    // Answered after the first bytes of the other socket were read: the half call has arrived.
    await service.call('/');
    await service.stop();
    await closed;
  });
});
