import { expect, it } from '@jest/globals';
import { UpstreamError } from '../../../src/ingestion/gateway-error.js';
import { createLogger } from '../../../src/process/logger.js';
import { createPollFailureLog } from '../../../src/server/monitoring/poll-failure-log.js';

const ref = { mappingId: 'crm-profiles', requestId: '1' };

/** The log lines about so many consecutive failed polls of one request. */
function failing(count: number, error: unknown): Record<string, unknown>[] {
  const lines: string[] = [];
  const report = createPollFailureLog(
    createLogger('info', { write: (line) => void lines.push(line) }),
  );
  for (let failures = 1; failures <= count; failures += 1) report(ref, error, failures);
  return lines.map((line) => JSON.parse(line));
}

it('logs a request whose polls keep failing less and less often', () => {
  const told = failing(1_000, new UpstreamError('UPSTREAM_INVALID_RESPONSE', 'A web page.'));
  expect(told.map(({ consecutiveFailures }) => consecutiveFailures)).toEqual([
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512,
  ]);
});

it('logs an upstream failure in one short line without a stack', () => {
  const [line] = failing(1, new UpstreamError('UPSTREAM_INVALID_RESPONSE', 'A web page.'));
  expect(line).toMatchObject({
    level: 40,
    ref,
    code: 'UPSTREAM_INVALID_RESPONSE',
    consecutiveFailures: 1,
    msg: 'A poll failed, 1 in a row (UPSTREAM_INVALID_RESPONSE: A web page.); the watch continues, logged next at 2 in a row',
  });
  expect(line).not.toHaveProperty('err');
  expect(JSON.stringify(line).length).toBeLessThan(500);
});

it('logs an unexpected error with its stack', () => {
  const [line] = failing(1, new TypeError('x is not a function'));
  expect(line?.err).toMatchObject({ message: 'x is not a function', stack: expect.any(String) });
});
