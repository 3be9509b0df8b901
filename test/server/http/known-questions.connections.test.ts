import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newQuestion, readAnswer, toBytes, useRepeatedQuestions } from './repeated-questions.js';

/** Far more answers than the system buffers for a connection. */
const PIPELINED = 4_000;

const { gateway, start, open, ask } = useRepeatedQuestions();

describe('a client that reads nothing', () => {
  beforeEach(() => start(100));
  afterEach(() => gateway.stop());

  it('gets no more answers than its connection takes, and all of them once it reads', async () => {
    const query = newQuestion();
    const bytes = toBytes({}, query);
    await ask({}, query);
    const [accepted] = await Promise.all([
      once(gateway.server, 'connection').then(([socket]) => socket as Socket),
      ask({}, query),
    ]);
    const answerBytes = accepted.bytesWritten;
    const arriving = once(gateway.server, 'connection').then(([socket]) => socket as Socket);
    const socket = open().pause();
    const answeredBefore = gateway.reports.length;
    for (let count = 0; count < PIPELINED; count += 1) socket.write(bytes);
    const deaf = await arriving;
    // Others are answered meanwhile, until nothing changes any more.
    let others = 0;
    const answered = () => gateway.reports.length - answeredBefore - others;
    for (let last = -1; last !== answered(); ) {
      last = answered();
      for (let count = 0; count < 20; count += 1, others += 1) await ask({}, query);
    }
    const taken = deaf.bytesWritten - deaf.writableLength;
    expect(answered()).toBeLessThan(PIPELINED);
    expect(answered() * answerBytes - taken).toBeLessThan(4 * deaf.writableHighWaterMark);
    let read = 0;
    for await (const part of socket) {
      read += (part as Buffer).length;
      if (read >= PIPELINED * answerBytes) break;
    }
    expect(read).toBe(PIPELINED * answerBytes);
  });
});

describe('a drain that begins while a body arrives', () => {
  beforeEach(() => start(1));
  afterEach(() => gateway.stop());

  it.each(['asked before', 'not asked before'])(
    'closes the connection of a question %s',
    async (which) => {
      const query = newQuestion();
      if (which === 'asked before') await ask({}, query);
      const bytes = toBytes({}, query);
      const socket = open();
      const arrived = once(gateway.server, 'request');
      socket.write(bytes.subarray(0, -5));
      await arrived;
      gateway.drain();
      socket.write(bytes.subarray(-5));
      const answer = await readAnswer(socket);
      expect(answer?.status).toBe(503);
      expect(answer?.headers.map((header) => header.toLowerCase())).toContain('connection: close');
    },
  );
});
