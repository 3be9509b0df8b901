import { createRequire } from 'node:module';
import { expect, it, jest } from '@jest/globals';
import Fastify from 'fastify';
import { createMetrics, type Gauges } from '../../../src/server/monitoring/metrics.js';

const nothing: Gauges = {
  watches: async () => 0,
  listeners: () => 0,
  sockets: () => 0,
  streams: () => 0,
  bufferedBytes: () => 0,
  isUpstreamDegraded: () => false,
  unreadBytes: () => 0,
};

const query = {
  name: null,
  caller: null,
  transport: 'http',
  type: 'query',
  durationMs: 1,
  errorCodes: [],
} as const;

async function scrape(metrics: ReturnType<typeof createMetrics>): Promise<string> {
  const server = Fastify();
  metrics.serve(server, nothing, async () => {});
  const { body } = await server.inject('/metrics');
  await server.close();
  return body;
}

it('counts the gateways of a process separately, and measures the process once', async () => {
  const performance = createRequire(import.meta.url)('node:perf_hooks');
  const histograms = jest.spyOn(performance, 'monitorEventLoopDelay');
  const [one, other] = [createMetrics(), createMetrics()];
  // What it starts never ends: each gateway that had one would stay in memory.
  expect(histograms.mock.calls.length).toBeLessThanOrEqual(1);

  other.observeOperation(query);
  const texts = [await scrape(one), await scrape(other)];
  const count = 'sluice_operation_duration_seconds_count{transport="http",type="query"';
  expect(texts.map((text) => text.includes(count))).toEqual([false, true]);
  for (const text of texts) {
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    const names = text.match(/^# TYPE \S+/gm) ?? [];
    expect(new Set(names).size).toBe(names.length);
  }
});
