import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { untilMetric } from '../support/metrics.js';
import { openSocket } from '../support/raw-socket.js';
import { shareGateway } from '../support/shared-gateway.js';

const changed =
  'subscription Changed { ingestionStatusChanged(mappingId: "XDM44", requestId: "3520") { to } }';
const start = 'mutation { startIngestion(input: { mappingId: "XDM44" }) { __typename } }';

const { upstream, gateway } = shareGateway(async (upstream) => {
  await upstream.startElsewhere('XDM44');
  return {};
});

describe('a socket that violates the protocol', () => {
  const subscribe = { type: 'subscribe', id: '1', payload: { query: changed } };
  const nest = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
  const twice = (id: string) => [
    { ...subscribe, id },
    { ...subscribe, id },
  ];
  const cases: [string, number, unknown[]][] = [
    ['a frame that is not JSON', 4400, ['{']],
    ['an empty frame', 4400, ['']],
    ['random bytes', 4400, [Buffer.from([0, 255, 254, 1, 2, 3])]],
    [
      'a binary frame with a letter that is not UTF-8',
      4400,
      [Buffer.from(JSON.stringify({ ...subscribe, payload: { query: 'é' } }), 'latin1')],
    ],
    ['JSON that is not a message', 4400, ['null']],
    ['a list of messages', 4400, [[{ type: 'ping' }]]],
    ['no type', 4400, [{}]],
    ['an unknown type', 4400, [{ type: 'start', id: '1', payload: { query: changed } }]],
    ['an answer from a client', 4400, [{ type: 'next', id: '1', payload: { data: {} } }]],
    ['an acknowledgement from a client', 4400, [{ type: 'connection_ack' }]],
    ['a subscribe without an id', 4400, [{ type: 'subscribe', payload: { query: changed } }]],
    ['a subscribe with an empty id', 4400, [{ ...subscribe, id: '' }]],
    ['a subscribe without a query', 4400, [{ ...subscribe, payload: {} }]],
    ['a query that is not a string', 4400, [{ ...subscribe, payload: { query: 5 } }]],
    ['variables in a list', 4400, [{ ...subscribe, payload: { query: changed, variables: [] } }]],
    ['JSON nested too deep', 4400, [`{"type":"ping","payload":{"a":${nest(6_000)}}}`]],
    [
      'variables nested too deep',
      4400,
      [
        `{"type":"subscribe","id":"1","payload":{"query":"{__typename}","variables":{"a":${nest(6_000)}}}}`,
      ],
    ],
    ['an id that is not a string', 4400, [{ ...subscribe, id: 7 as unknown as string }]],
    ['an id of 1,025 characters', 4400, [{ ...subscribe, id: 'x'.repeat(1_025) }]],
    ['a payload in a list', 4400, [{ type: 'ping', payload: [] }]],
    ['two subscribes with one id', 4409, twice('1')],
    ['two subscribes with one long id', 4409, twice('é'.repeat(1_000))],
    ['a second connection_init', 4429, [{ type: 'connection_init' }]],
    ['a frame over 128 KiB', 1009, [`"${'x'.repeat(128 * 1024)}"`]],
  ];

  it.each(cases)('is closed after %s', async (_what, code, messages) => {
    const socket = await openSocket(gateway.url);
    for (const message of messages) socket.send(message as string);
    expect(await socket.closed).toBe(code);
    await untilMetric(gateway.url, 'sluice_websockets', 0);
    await untilMetric(gateway.url, 'sluice_stream_listeners', 0);
    expect(gateway.logLines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  it('is closed after a subscribe before the ack', async () => {
    const socket = await openSocket(gateway.url, { isGreeted: false });
    const query = changed.replace('XDM44', 'TestDoc');
    socket.send({ ...subscribe, payload: { query } });
    expect(await socket.closed).toBe(4401);
    expect(upstream.calls.filter(({ mappingId }) => mappingId === 'TestDoc')).toEqual([]);
  });

  it('is closed without a connection_init in time', async () => {
    const openedAt = performance.now();
    const socket = await openSocket(gateway.url, { isGreeted: false });
    expect(await socket.closed).toBe(4408);
    expect(performance.now() - openedAt).toBeGreaterThan(2_500);
  });

  it('is closed without a subprotocol', async () => {
    const socket = await openSocket(gateway.url, { protocol: [], isGreeted: false });
    expect(await socket.closed).toBe(4406);
  });

  it('is closed with another subprotocol', async () => {
    // A client library would hang up first, because no subprotocol was agreed on.
    const connection = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    connection.write(
      'GET /graphql HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n' +
        'Sec-WebSocket-Protocol: graphql-ws\r\n\r\n',
    );
    let received = Buffer.alloc(0);
    const closeFrame = () => received.indexOf('\r\n\r\n') + 4;
    while (closeFrame() < 4 || received.length < closeFrame() + 4) {
      const [chunk] = await once(connection, 'data');
      received = Buffer.concat([received, chunk]);
    }
    expect(received[closeFrame()]).toBe(0x88);
    expect(received.readUInt16BE(closeFrame() + 2)).toBe(4406);
    connection.destroy();
  });

  it('has its later messages ignored', async () => {
    const socket = await openSocket(gateway.url);
    socket.send('nonsense');
    socket.send({ type: 'subscribe', id: '1', payload: { query: start } });
    expect(await socket.closed).toBe(4400);
    await (await openSocket(gateway.url)).close();
    expect(upstream.calls.filter(({ operation }) => operation === 'start')).toEqual([]);
  });
});
