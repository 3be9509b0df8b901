import { expect, it } from '@jest/globals';
import { pino } from 'pino';
import { UpstreamError } from '../../../src/ingestion/gateway-error.js';
import { createUpstreamHealth } from '../../../src/server/monitoring/upstream-health.js';
import { createUpstreamLog } from '../../../src/server/monitoring/upstream-log.js';
import { createManualClock } from '../../support/manual-clock.js';

it('logs an unusable upstream once, with the reason, and once more when it recovers', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const clock = createManualClock();
  const log = createUpstreamLog(logger, clock, 'acme at https://mc.example.com');
  const health = createUpstreamHealth({ check: async () => {} }, clock, log);
  const cause = Object.assign(new Error('getaddrinfo ENOTFOUND mc.example.com'), {
    syscall: 'getaddrinfo',
  });
  const error = new UpstreamError('UPSTREAM_UNAVAILABLE', 'No connection.', { cause });

  health.observe('OK');
  for (let count = 0; count < 3; count += 1) health.observe('UPSTREAM_UNAVAILABLE', error);
  health.observe('OK');
  // Within the minute it is not logged again.
  health.observe('UPSTREAM_TIMEOUT');
  health.observe('OK');
  await clock.advance(60_000);
  health.observe('UPSTREAM_TIMEOUT');
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
    'The upstream cannot be used (UPSTREAM_UNAVAILABLE): The upstream cannot be reached, or fails. (getaddrinfo ENOTFOUND mc.example.com)',
    'The upstream can be used again.',
    'The upstream cannot be used (UPSTREAM_TIMEOUT): The upstream does not answer in time.',
  ]);
});
