import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { type ResumableClient, resumable } from '../src/resumable.js';
import { resumableFetch } from '../src/resumable-fetch.js';
import { createStreamClient } from '../src/stream-client.js';

interface Asked {
  readonly token: string | undefined;
  readonly after: unknown;
}

const query = 'subscription { ingestionStatusChanged(id: "r") { to } }';
const sse = { 'content-type': 'text/event-stream' };
const unauthenticated = {
  errors: [{ message: 'expired', extensions: { code: 'UNAUTHENTICATED' } }],
};

const changed = (to: string, cursor: string, name = 'sluiceCursor') => ({
  data: { ingestionStatusChanged: { to, [name]: cursor } },
});
const toEvent = (result: object) => `event: next\ndata: ${JSON.stringify(result)}\n\n`;
const complete = 'event: complete\ndata: \n\n';

let server: Server;
let url: string;
let client: ResumableClient;
/** What the server does with one stream after the other. */
let answers: ((response: ServerResponse) => void)[];
let asked: Asked[];

beforeEach(async () => {
  asked = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { query: text, variables } = JSON.parse(body);
    if (text.includes('__typename')) {
      response.end('{}');
      return;
    }
    asked.push({ token: request.headers.authorization, after: variables?.sluiceAfter });
    answers.shift()?.(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let tokenCount = 0;
  const toHeaders = async () => ({ authorization: `token ${++tokenCount}` });
  client = resumable(createStreamClient({ url, toHeaders, silentMs: 100 }), {
    maxRetryDelayMs: 10,
    pingMs: 5_000,
  });
});

afterEach(async () => {
  await client.dispose();
  server.closeAllConnections();
  server.close();
});

async function read(): Promise<unknown[]> {
  const results: unknown[] = [];
  for await (const { data, errors } of client.iterate({ query })) results.push(data ?? errors);
  return results;
}

const whole = ['IN_PROGRESS', 'SUCCESS'].map((to) => ({ ingestionStatusChanged: { to } }));
const finish = (response: ServerResponse) =>
  response.writeHead(200, sse).end(`${toEvent(changed('SUCCESS', 'b'))}${complete}`);

it.each<[string, (response: ServerResponse) => void]>([
  ['ends', (response) => response.end()],
  ['is torn in the middle of an event', (response) => response.end('event: next\ndata: {"da')],
  ['is silent', () => {}],
  ['is cut', (response) => response.destroy()],
  [
    'has credentials that expire',
    (response) => response.end(`${toEvent(unauthenticated)}${complete}`),
  ],
  [
    'is closed by a gateway that shuts down',
    (response) =>
      response.end(
        `${toEvent({ errors: [{ message: '', extensions: { code: 'SHUTTING_DOWN' } }] })}${complete}`,
      ),
  ],
])('a stream that %s is resumed after its cursor, with fresh credentials', async (_name, end) => {
  answers = [
    (response) => {
      response.writeHead(200, sse).write(toEvent(changed('IN_PROGRESS', 'a')), () => end(response));
    },
    (response) => response.writeHead(503, { 'content-type': 'text/html' }).end('Come later'),
    finish,
  ];
  expect(await read()).toEqual(whole);
  expect(asked.map(({ after }) => after)).toEqual([undefined, 'a', 'a']);
  expect(new Set(asked.map(({ token }) => token)).size).toBe(3);
});

it('a refusal of the gateway ends the subscription, and so does what is no gateway', async () => {
  answers = [
    (response) =>
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end(JSON.stringify(unauthenticated)),
    (response) => response.writeHead(404, { 'content-type': 'text/html' }).end('Not here'),
    (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('Please log in'),
  ];
  await expect(read()).rejects.toEqual(unauthenticated.errors);
  await expect(read()).rejects.toMatchObject({ reason: 'HTTP 404' });
  await expect(read()).rejects.toMatchObject({ reason: 'The response is not from a gateway.' });
});

it.each(['--graphql', '\r\n--graphql'])(
  'a multipart subscription that is cut goes on in the same response, and may begin with %j',
  async (boundary) => {
    const type = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"';
    const start = (response: ServerResponse, to: string, cursor: string) =>
      response
        .writeHead(200, { 'content-type': type })
        .write(
          `${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify({ payload: changed(to, cursor) })}\r\n--graphql`,
          () => (to === 'IN_PROGRESS' ? response.destroy() : response.end('--\r\n')),
        );
    answers = [
      (response) => start(response, 'IN_PROGRESS', 'a'),
      (response) => start(response, 'SUCCESS', 'b'),
    ];
    const response = await resumableFetch({ maxRetryDelayMs: 10 })(url, {
      method: 'POST',
      headers: { accept: 'multipart/mixed;subscriptionSpec=1.0', authorization: 'mine' },
      body: JSON.stringify({ query }),
    });
    const text = await response.text();
    expect([...text.matchAll(/"to":"(\w+)"/g)].map(([, to]) => to)).toEqual([
      'IN_PROGRESS',
      'SUCCESS',
    ]);
    expect(text).not.toContain('sluiceCursor');
    expect(text.endsWith('\r\n--graphql--\r\n')).toBe(true);
    expect(asked).toEqual([
      { token: 'mine', after: undefined },
      { token: 'mine', after: 'a' },
    ]);
  },
);

it('an EventSource waits for a gateway that is away, and is told of silence', async () => {
  answers = [];
  const events = createServer((_request, response) => {
    const answer = answers.shift();
    if (answer) answer(response);
    else response.writeHead(200, sse).write(':\n\n');
  });
  events.listen(0, '127.0.0.1');
  await once(events, 'listening');
  answers = [
    (response) => response.writeHead(502).end(),
    (response) => response.writeHead(503).end(),
  ];
  const source = resumableFetch({ maxRetryDelayMs: 1, silentMs: 50 });
  const address = `http://127.0.0.1:${(events.address() as AddressInfo).port}`;
  const response = await source(address, { headers: { accept: 'text/event-stream' } });
  expect(response.status).toBe(200);
  await expect(response.text()).rejects.toThrow('The connection fell silent.');
  // It may not be answered at all, either.
  answers = [() => {}];
  await expect(source(address, { headers: { accept: 'text/event-stream' } })).rejects.toThrow(
    'No response in time.',
  );
  events.closeAllConnections();
  events.close();
});
