import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { createWorkspace, mappingYaml, startService } from './support/running-service.js';

describe('the life of a service', () => {
  it('is stopped as often as one likes, and frees its port', async () => {
    await using space = await createWorkspace({ 'a.yaml': mappingYaml('M') });
    const service = await startService(space);
    await Promise.all([service.stop(), service.stop()]);
    const port = Number(new URL(service.url).port);
    await using next = await startService({ ...space, port });
    expect(next.url).toBe(service.url);
  });

  it('does not wait forever for a call that never ends', async () => {
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
