import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { quick, useDrainedGateway } from '../support/drained-gateway.js';
import { readMetric } from '../support/metrics.js';

const { gateway, start, port, untilRefused, expectPortFree } = useDrainedGateway();

describe('a drain', () => {
  it.each([
    ['/readyz', 503, { status: 'not ready', code: 'SHUTTING_DOWN' }],
    ['/healthz', 200, { status: 'ok' }],
    ['/graphql?query={__typename}', 503, { errors: [{ extensions: { code: 'SHUTTING_DOWN' } }] }],
  ])('answers what still arrives over an open connection: %s', async (path, status, body) => {
    await start();
    const connection = await beginRequest(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n`);
    const stopped = gateway.stop();
    await untilRefused();
    connection.write('Content-Type: application/json\r\n\r\n');
    const answer = await readText(connection);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject(body);
    await stopped;
  });

  it('does not wait for a client that never answers the close', async () => {
    await start();
    const connection = await upgradeByHand();
    const ended = once(connection, 'close');
    await gateway.stop();
    await ended;
  });

  it.each([
    [
      'never finishes its request',
      'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{',
    ],
    ['never finishes its headers', 'POST /graphql HTTP/1.1\r\n'],
    ['never sends anything', ''],
  ])('does not wait for a client that %s', async (_what, sent) => {
    await start({}, quick);
    const connection = await beginRequest(sent);
    connection.on('error', () => {});
    const ended = once(connection, 'close');
    await gateway.stop();
    connection.resume();
    await ended;
    await expectPortFree();
  });

  it('accepts no new socket over an existing connection', async () => {
    await start({}, { cancelAfterMs: 2_000, cutAfterMs: 3_000, giveUpAfterMs: 8_000 });
    const connection = await beginRequest('GET /graphql HTTP/1.1\r\nHost: localhost\r\n');
    const stopped = gateway.stop();
    await untilRefused();
    connection.write(upgradeHeaders);
    expect(await readText(connection)).toMatch(/^HTTP\/1\.1 503 /);
    await stopped;
  });

  /** Send the beginning of a request; resolves once it has arrived. */
  async function beginRequest(sent: string): Promise<Socket> {
    const connection = connect(port(), '127.0.0.1');
    await once(connection, 'connect');
    if (sent) connection.write(sent);
    // It has arrived, because a later request of another client was answered.
    await readMetric(gateway.url, 'sluice_websockets');
    return connection;
  }

  const upgradeHeaders =
    'Connection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n' +
    'Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n';

  /** A WebSocket whose client only reads. */
  async function upgradeByHand(): Promise<Socket> {
    const connection = connect(port(), '127.0.0.1');
    connection.write(`GET /graphql HTTP/1.1\r\nHost: localhost\r\n${upgradeHeaders}`);
    const [answer] = await once(connection, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1\.1 101 /);
    connection.resume();
    return connection;
  }
});
