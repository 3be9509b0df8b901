import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { openSocket } from '../support/raw-socket.js';
import { shareGateway } from '../support/shared-gateway.js';

const COUNT = 60;
const query = '{ __typename }';

const { gateway } = shareGateway();

/** The number of others that were answered before somebody else was. */
async function answeredBefore(countOf: () => number): Promise<number> {
  const answer = await fetch(`${gateway.url}/healthz`);
  const count = countOf();
  expect(answer.status).toBe(200);
  return count;
}

describe('a burst on one connection', () => {
  it('does not delay others if it consists of requests', async () => {
    const { port, host } = new URL(gateway.url);
    const connection = connect(Number(port), '127.0.0.1');
    const body = JSON.stringify({ query });
    const head = `POST /graphql HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json`;
    let answers = 0;
    const all = new Promise<void>((resolve) => {
      connection.on('data', (data) => {
        answers += String(data).split('HTTP/1.1 200').length - 1;
        if (answers >= COUNT) resolve();
      });
    });
    // So that this connection is accepted before the others.
    await fetch(`${gateway.url}/healthz`);
    connection.write(`${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`.repeat(COUNT));
    expect(await answeredBefore(() => answers)).toBeLessThan(COUNT / 2);
    await all;
    connection.destroy();
  });

  it('does not delay others if it consists of frames', async () => {
    const countOfRun = () =>
      gateway.logLines.filter((line) => JSON.stringify(line).includes('"websocket"')).length;
    const socket = await openSocket(gateway.url);
    let messages = 0;
    const all = new Promise<void>((resolve) => {
      socket.webSocket.on('message', () => {
        messages += 1;
        if (messages === 2 * COUNT) resolve();
      });
    });
    // In one write.
    const { _socket: connection } = socket.webSocket as unknown as { _socket: Socket };
    connection.cork();
    for (let index = 0; index < COUNT; index += 1) {
      socket.send({ type: 'subscribe', id: `${index}`, payload: { query } });
    }
    connection.uncork();
    let most = 0;
    let hasEnded = false;
    void all.then(() => {
      hasEnded = true;
    });
    while (!hasEnded) {
      const before = countOfRun();
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, countOfRun() - before);
    }
    expect(countOfRun()).toBe(COUNT);
    expect(most).toBeLessThan(5);
    await socket.close();
  });
});
