import { expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { serveHealth } from '../../../src/server/monitoring/health.js';
import type { Phase } from '../../../src/server/monitoring/phase.js';
import { createUpstreamHealth } from '../../../src/server/monitoring/upstream-health.js';
import { createManualClock } from '../../support/manual-clock.js';

const never = () => new Promise<never>(() => {});

async function serve({
  checkLog,
  check,
}: {
  readonly checkLog: () => Promise<void>;
  readonly check: () => Promise<void>;
}) {
  const clock = createManualClock();
  const server = Fastify();
  let phase: Phase = 'serving';
  const upstreamHealth = createUpstreamHealth({ check }, clock);
  serveHealth(server, { upstreamHealth, checkLog, clock, phase: () => phase });
  await server.ready();
  return {
    clock,
    upstreamHealth,
    enter: (next: Phase) => {
      phase = next;
    },
    async ask(path: string) {
      const { statusCode, json } = await server.inject(path);
      return [statusCode, json()];
    },
  };
}

it('is not ready while the database hangs', async () => {
  const { clock, ask } = await serve({ checkLog: never, check: async () => {} });
  const asked = ask('/readyz');
  await clock.scheduled(2_000, 2_000);
  await clock.advance(2_000);
  expect(await asked).toMatchObject([503, { status: 'not ready', code: 'LOG_UNAVAILABLE' }]);
});

it('keeps the known state of an upstream whose check hangs, and is degraded with ?deep', async () => {
  const { clock, ask, upstreamHealth } = await serve({ checkLog: async () => {}, check: never });
  upstreamHealth.observe('OK');
  await clock.advance(5_001);
  const asked = ask('/readyz');
  await clock.scheduled(500, 500);
  await clock.advance(500);
  expect(await asked).toEqual([200, { status: 'ready', upstream: { status: 'ok' } }]);
  const deep = ask('/readyz?deep');
  await clock.scheduled(5_000, 5_000);
  await clock.advance(5_000);
  expect(await deep).toMatchObject([503, { upstream: { code: 'UPSTREAM_TIMEOUT' } }]);
});

it.each([
  ['UPSTREAM_UNAVAILABLE', 'degraded'],
  ['UPSTREAM_TIMEOUT', 'degraded'],
  ['UPSTREAM_UNAUTHENTICATED', 'degraded'],
  ['UPSTREAM_RATE_LIMITED', 'ok'],
  ['UPSTREAM_FORBIDDEN', 'ok'],
  ['UPSTREAM_INVALID_RESPONSE', 'ok'],
])('reports after a call that ended with %s that the upstream is %s', async (outcome, status) => {
  const { ask, upstreamHealth } = await serve({ checkLog: async () => {}, check: never });
  upstreamHealth.observe('OK');
  upstreamHealth.observe(outcome);
  expect(await ask('/readyz')).toMatchObject([200, { upstream: { status } }]);
});

it.each(['leaving', 'draining'] as const)('is not ready while the process is %s', async (phase) => {
  const { ask, enter } = await serve({ checkLog: async () => {}, check: async () => {} });
  enter(phase);
  expect(await ask('/readyz')).toMatchObject([503, { code: 'SHUTTING_DOWN' }]);
  expect((await ask('/healthz'))[0]).toBe(200);
});
