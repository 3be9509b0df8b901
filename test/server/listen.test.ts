import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { trackConnections } from '../../src/server/connections/connections.js';
import { listenOn } from '../../src/server/listen.js';

// Other systems have no second address of the loopback interface.
(process.platform === 'linux' ? it : it.skip)(
  'the connections of each address are answered, counted, waited for and cut',
  async () => {
    const server = Fastify({ forceCloseConnections: 'idle' });
    const connections = trackConnections(server.server);
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<string>();
    server.get('/', (_request, reply) => {
      asked.resolve();
      reply.header('connection', 'close');
      return answer.promise;
    });
    const port = await listenOn(server, ['127.0.0.1', '127.0.0.2'], 0);
    const [waiting, silent] = ['127.0.0.2', '127.0.0.2'].map((host) => connect(port, host));
    waiting?.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await Promise.all([asked.promise, once(silent ?? server.server, 'connect')]);

    let isClosed = false;
    const closed = Promise.all([server.close(), connections.closed()]).then(() => {
      isClosed = true;
    });
    const [refused] = await once(connect(port, '127.0.0.2'), 'error');
    expect(refused.code).toBe('ECONNREFUSED');
    expect(isClosed).toBe(false);
    answer.resolve('answered');
    if (waiting) expect(await text(waiting)).toContain('answered');
    connections.cutSilent();
    await closed;
  },
);
