import { expect, it } from '@jest/globals';
import type { WebSocket } from 'ws';
import { startPings } from '../../../src/server/connections/socket-pings.js';
import { createManualClock } from '../../support/manual-clock.js';

/** The part of a WebSocket that pings use. */
function createSocket() {
  const told: string[] = [];
  const socket = { ping: () => told.push('ping'), terminate: () => told.push('cut') };
  return { socket: socket as unknown as WebSocket, told };
}

it('cuts only a client that sent nothing between two pings', async () => {
  const clock = createManualClock();
  const [silent, there] = [createSocket(), createSocket()];
  const pings = startPings(new Set([silent.socket, there.socket]), clock, 20_000);
  await clock.advance(20_000);
  pings.heard(there.socket);
  await clock.advance(20_000);
  expect([silent.told, there.told]).toEqual([
    ['ping', 'cut'],
    ['ping', 'ping'],
  ]);
  pings.stop();
  expect(clock.pendingCount).toBe(0);
});

it('reads what arrived during a freeze before it decides', async () => {
  const clock = createManualClock();
  const { socket, told } = createSocket();
  const pings = startPings(new Set([socket]), clock, 20_000);
  await clock.advance(20_000);
  // After a freeze, overdue timers run before data is read, such as the answer that has waited since.
  const late = clock.pendingMs()[0] ?? 0;
  await clock.advance(late);
  expect(told).toEqual(['ping']);
  pings.heard(socket);
  await clock.advance(20_000 - late);
  expect(told).toEqual(['ping', 'ping']);
  pings.stop();
});
