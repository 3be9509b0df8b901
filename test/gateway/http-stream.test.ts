import { connect } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { ACTIVITY, as, keys, useKeyedGateway } from '../support/keyed-gateway.js';
import { sse, toStreamUrl } from '../support/stream-reader.js';

const gateway = useKeyedGateway();
const { start, append, read } = gateway;
const { lasting } = keys;

describe('a stream over HTTP', () => {
  it('1.0 has no chunks and ends with its connection', async () => {
    await start();
    const connection = connect(Number(new URL(gateway.url).port), '127.0.0.1');
    connection.write(
      `GET /graphql/stream?query={__typename} HTTP/1.0\r\nhost: localhost\r\naccept: text/event-stream\r\nauthorization: Bearer ${lasting.key}\r\n\r\n`,
    );
    let text = '';
    for await (const chunk of connection) text += chunk;
    const [head = '', body] = text.split('\r\n\r\n');
    expect(head).not.toMatch(/transfer-encoding/i);
    expect(body).toBe(
      ':\n\nevent: next\ndata: {"data":{"__typename":"Query"}}\n\nid: nothing-more\nevent: complete\ndata: \n\n',
    );
  });

  it('is not opened by HEAD', async () => {
    await start();
    const statuses = [];
    for (const path of ['/graphql/stream', '/graphql']) {
      const address = toStreamUrl(`${gateway.url}${path}`, ACTIVITY);
      const headers = { ...sse, ...as(lasting) };
      statuses.push((await fetch(address, { method: 'HEAD', headers })).status);
    }
    expect(statuses).toEqual([405, 405]);
    expect(gateway.streams.streamCount).toBe(0);
  });

  it('may be used fully by pages of trusted sites', async () => {
    await start();
    const origin = 'https://app.test';
    const asked = 'authorization,content-type,last-event-id,x-graphql-event-stream-token';
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      const preflight = await fetch(gateway.streamUrl, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': asked,
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
      expect(preflight.headers.get('access-control-allow-methods')).toContain(method);
      expect(preflight.headers.get('access-control-allow-headers')).toBe(asked);
    }
    const stream = await fetch(toStreamUrl(gateway.streamUrl, ACTIVITY), {
      headers: { origin, ...sse, ...as(lasting) },
    });
    expect(stream.headers.get('access-control-allow-origin')).toBe(origin);
    read(stream);
    const strange = await fetch(toStreamUrl(gateway.streamUrl, ACTIVITY), {
      headers: { origin: 'https://evil.test', ...sse, ...as(lasting) },
    });
    expect(strange.headers.get('access-control-allow-origin')).toBeNull();
    read(strange);
  });
});

describe('Last-Event-ID', () => {
  it.each([
    ['garbage', 'garbage'],
    ['a number', '1'],
    ['JSON', '{"position":1}'],
    ['a letter of Latin-1', 'caf\u00e9'],
    ['very long', 'x'.repeat(10_000)],
    ['a cursor with a letter changed', 'forged'],
  ])('is refused with an event if it is %s, which stops an EventSource', async (_what, id) => {
    await start();
    await append('1');
    const cursor = gateway.log.toCursor(1);
    const sent =
      id === 'forged' ? `${cursor.slice(0, -2)}${cursor.endsWith('AA') ? 'BB' : 'AA'}` : id;
    const response = await fetch(toStreamUrl(gateway.streamUrl, ACTIVITY), {
      headers: { ...sse, ...as(lasting), 'last-event-id': sent },
    });
    const text = await response.text();
    expect(text).toMatch(/CURSOR_INVALID.*\n\nid: nothing-more\nevent: complete\ndata: \n\n$/);
    expect(text.length).toBeLessThan(2_000);
  });

  it('overrides `after`', async () => {
    await start();
    await append('1');
    await append('2');
    const [first, second] = [gateway.log.toCursor(1), gateway.log.toCursor(2)];
    const query = `subscription { ingestionActivity(after: "${second}") { cursor } }`;
    const headers = { ...sse, ...as(lasting), 'last-event-id': first };
    const reader = read(await fetch(toStreamUrl(gateway.streamUrl, query), { headers }));
    const text = await reader.until('"cursor"');
    expect(text).toBe(
      `:\n\nid: ${second}\nevent: next\ndata: {"data":{"ingestionActivity":{"cursor":"${second}"}}}\n\n`,
    );
  });
});
