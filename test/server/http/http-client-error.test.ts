import { once } from 'node:events';
import { connect } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type PushedGateway, startPushedGateway } from '../../support/pushed-gateway.js';

let gateway: PushedGateway;

beforeAll(async () => {
  gateway = await startPushedGateway();
});

afterAll(() => gateway.stop());

const HEAD = 'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
const toRequest = (query: string, more = '') => {
  const body = JSON.stringify({ query });
  return `${HEAD}Content-Length: ${body.length}\r\n${more}\r\n${body}`;
};

const known = toRequest('{ __typename }');
const other = toRequest('{ latestCursor }');
const closing = toRequest('{ __typename }', 'Connection: close\r\n');
const stream = toRequest(
  'subscription { ingestionActivity { to } }',
  'Accept: text/event-stream\r\n',
);
const chunked = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

/** The statuses of all answers, until the gateway closes the connection. */
async function ask(...parts: readonly string[]): Promise<readonly number[]> {
  const socket = connect(gateway.port, '127.0.0.1').setNoDelay(true);
  for (const part of parts) {
    await new Promise<void>((resolve) => socket.write(part, () => resolve()));
  }
  const received = await readText(socket);
  return [...received.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
}

describe('bytes that are not HTTP', () => {
  beforeAll(() => ask(closing));

  it.each<[string, readonly string[], readonly number[]]>([
    ['nothing', ['garbage'], [400]],
    ['a known question', [`${known}garbage`], [200, 400]],
    ['a new question', [`${other}garbage`], [200, 400]],
    ['several questions', [`${known}${other}${known}garbage`], [200, 200, 200, 400]],
    ['a question, in several parts', [`${other}garb`, 'age', '\r\n'], [200, 400]],
    ['half a body', [`${chunked}garbage\r\n`], [400]],
    ['a question and half a body', [`${other}${chunked}garbage\r\n`], [200, 400]],
    ['a question that closes the connection', [`${closing}${known}`], [200]],
    ['a new question, after which nothing is read', [`${other}${closing}${known}`], [200, 200]],
  ])('are refused after the answers to what precedes them: %s', async (_what, parts, statuses) => {
    expect(await ask(...parts)).toEqual(statuses);
  });
});

it('what is no HTTP ends a stream on its connection, though more of it came before the stream', async () => {
  const socket = connect(gateway.port, '127.0.0.1').on('error', () => {});
  const closed = once(socket, 'close');
  socket.write(`${stream}garbage`);
  await once(socket, 'data');
  socket.write('garbage');
  await closed;
});
