import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, expect, it } from '@jest/globals';
import type { ReportedState } from '../../../src/ingestion/ingestion-request.js';
import { startPushedGateway } from '../../support/pushed-gateway.js';

const toStates = (info: string): readonly ReportedState[] => [
  { status: 'IN_PROGRESS', info, batchId: null },
  { status: 'SUCCESS', info, batchId: 'b', numRecords: 3 },
  { status: 'FAILED', info, batchId: null },
];

const gateways: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

async function post(url: string, question: object): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question),
  });
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  return response.json();
}

it('answers a hash like its text, and equal hashes once', async () => {
  const gateway = await startPushedGateway();
  gateways.push(gateway);
  const ref = { mappingId: 'm', requestId: '1' };
  await gateway.log.append({ ref, seen: toStates('a')[1] as ReportedState, observedAt: 1 });
  const query = '{ ingestionRequests { nodes { requestId status info } } }';
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  const byText = await post(gateway.url, { query });
  expect(await post(gateway.url, { query, extensions })).toEqual(byText);
  for (let i = 0; i < 3; i += 1) {
    expect(await post(gateway.url, { extensions })).toEqual(byText);
  }
  expect(gateway.operationCount).toBe(3);
  await gateway.log.append({
    ref: { ...ref, requestId: '2' },
    seen: toStates('b')[2] as ReportedState,
    observedAt: 2,
  });
  const after = await post(gateway.url, { extensions });
  expect(after).not.toEqual(byText);
  expect(after).toEqual(await post(gateway.url, { query }));
});

it('sends the same headers the first time and the next', async () => {
  const gateway = await startPushedGateway();
  gateways.push(gateway);
  const ask = async () => {
    const { headers } = await fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ ingestionRequests { nodes { requestId } } }' }),
    });
    return [...headers].filter(([name]) => name !== 'date').sort();
  };
  const first = await ask();
  expect(await ask()).toEqual(first);
  expect(gateway.operationCount).toBe(1);
});

it('recognizes a question whose body comes in parts, and answers pipelined ones in order', async () => {
  const gateway = await startPushedGateway();
  gateways.push(gateway);
  const toRequest = (query: string) => {
    const body = JSON.stringify({ query });
    return `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  const known = '{ ingestionRequests { nodes { requestId } } }';
  const other = '{ latestCursor }';
  await post(gateway.url, { query: known });
  const socket = connect(gateway.port, '127.0.0.1').setEncoding('utf8').setNoDelay(true);
  const asked = [known, other, known].map(toRequest).join('');
  const cut = asked.length - 20;
  socket.write(asked.slice(0, cut));
  let received = '';
  let isWhole = false;
  for await (const part of socket) {
    received += part;
    if (!isWhole) socket.write(asked.slice(cut));
    isWhole = true;
    if (received.split('HTTP/1.1 200').length === 4 && received.endsWith('}\n')) break;
  }
  const bodies = received
    .split('\r\n\r\n')
    .slice(1)
    .map((text) => text.split('\n')[0]);
  expect(bodies.map((text) => Object.keys(JSON.parse(text ?? '').data))).toEqual([
    ['ingestionRequests'],
    ['latestCursor'],
    ['ingestionRequests'],
  ]);
});

it('executes equal questions once while nothing has changed', async () => {
  const gateway = await startPushedGateway();
  gateways.push(gateway);
  const see = (state: number, requestId: string) =>
    gateway.log.append({
      ref: { mappingId: 'm', requestId },
      seen: toStates('')[state] as ReportedState,
      observedAt: Date.now(),
    });
  const ask = (query: string) => post(gateway.url, { query });
  const list = '{ ingestionRequests { nodes { requestId status } } }';
  await see(1, '1');
  const first = await ask(list);
  expect(await ask(list)).toEqual(first);
  expect(gateway.operationCount).toBe(1);
  await see(2, '2');
  expect(await ask(list)).not.toEqual(first);
  expect(gateway.operationCount).toBe(2);
  for (let i = 0; i < 2; i += 1) {
    const failed = await ask('{ ingestionRequests(first: 0) { nodes { id } } }');
    expect(failed).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  }
  expect(gateway.operationCount).toBe(4);
});
