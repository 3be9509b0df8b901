import type { FastifyInstance, onRequestAsyncHookHandler } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { OperationReport } from '../operations/operation-log.js';

/** Seconds; from an answer out of the log to a call that used up its deadline. */
const DURATION_BUCKETS_S = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const operationLabels = ['transport', 'type', 'outcome'] as const;
type OperationLabel = (typeof operationLabels)[number];

/** What is measured on each scrape. */
export interface Gauges {
  /** Rejects while the log's database does not respond. */
  readonly watches: () => Promise<number>;
  readonly listeners: () => number;
  readonly sockets: () => number;
  readonly streams: () => number;
  readonly bufferedBytes: () => number;
  readonly isUpstreamDegraded: () => boolean;
  readonly unreadBytes: () => number;
}

/** A call that has ended. */
interface Call {
  readonly operation: string;
  readonly outcome: string;
  readonly durationMs: number;
}

/** Metrics for Prometheus. No label has a value that a client chooses. */
export type Metrics = ReturnType<typeof createMetrics>;

let processMetrics: Registry | null = null;

/** Memory, garbage collection and so on: once for a process, because its collectors never end. */
function toProcessMetrics(): Registry {
  if (processMetrics) return processMetrics;
  processMetrics = new Registry();
  collectDefaultMetrics({ register: processMetrics });
  return processMetrics;
}

/** A separate registry, so that two gateways in one process are counted separately. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const all = [toProcessMetrics(), registry];
  const operations = new Histogram({
    name: 'sluice_operation_duration_seconds',
    help: 'GraphQL operations: time to the answer, or to the start of the stream',
    labelNames: operationLabels,
    buckets: DURATION_BUCKETS_S,
    registers,
  });
  /** Found again by one text: there are few of them, and each operation counts in one. */
  const operationSeries = new Map<string, Histogram.Internal<OperationLabel>>();
  const callDurations = (name: string, help: string) =>
    new Histogram({
      name,
      help,
      labelNames: ['operation', 'outcome'],
      buckets: DURATION_BUCKETS_S,
      registers,
    });
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const upstreamCalls = callDurations(
    'sluice_upstream_call_duration_seconds',
    'Calls to the upstream, including repeats and waits',
  );
  const platformCalls = callDurations(
    'sluice_platform_call_duration_seconds',
    'Calls to Adobe Experience Platform, including repeats and waits',
  );
  const transitions = counter(
    'sluice_transitions_total',
    'Transitions appended to the log, by the status they lead to',
    'to',
  );
  const regressions = counter(
    'sluice_status_regressions_total',
    'Times that the upstream contradicted a terminal status; nothing was changed',
  );
  const unknownStarts = counter(
    'sluice_starts_outcome_unknown_total',
    'Starts that the upstream may or may not have accepted: there was no answer, or the gateway ended before it',
  );
  const retries = counter(
    'sluice_retries_total',
    'Submissions of a new request for an ABORTED one, by result',
    'outcome',
  );
  const refusals = counter(
    'sluice_refused_requests_total',
    'Requests, upgrades and sockets that were refused before GraphQL, by the code of the error or of the close',
    'transport',
    'code',
  );
  const forgotten = counter(
    'sluice_watches_forgotten_total',
    'Watches that this process ended because the upstream had not known their requests for an hour',
  );
  const busConnected = new Gauge({
    name: 'sluice_bus_connected',
    help: '1 while the connection for notifications of new transitions is up; 0 on SQLite, which needs none',
    registers,
  });
  const busConnections = counter(
    'sluice_bus_connections_total',
    'Times that connection was opened: one more than it was lost',
  );
  return {
    /** Serve the metrics at `/metrics`, for callers that the hook accepts. */
    serve(server: FastifyInstance, gauges: Gauges, onRequest: onRequestAsyncHookHandler): void {
      const measure = (name: string, help: string, read: () => number | Promise<number>) =>
        new Gauge({
          name,
          help,
          registers,
          async collect() {
            // Otherwise all metrics would be missing while the database is, which is when they are needed.
            this.set(await Promise.resolve(read()).catch(() => Number.NaN));
          },
        });
      measure(
        'sluice_watches',
        'Requests being watched, by all processes on the database together',
        gauges.watches,
      );
      measure('sluice_stream_listeners', 'Open subscriptions', gauges.listeners);
      measure('sluice_websockets', 'Open WebSockets', gauges.sockets);
      measure('sluice_http_streams', 'Open or reserved streams over HTTP', gauges.streams);
      measure(
        'sluice_websocket_buffered_bytes',
        'Bytes queued in this process for slow WebSocket clients',
        gauges.bufferedBytes,
      );
      measure(
        'sluice_upstream_degraded',
        '1 while the last contact with the upstream failed, as /readyz reports; else 0',
        () => Number(gauges.isUpstreamDegraded()),
      );
      measure(
        'sluice_http_unread_bytes',
        'Bytes of answers over HTTP queued in this process for slow clients',
        gauges.unreadBytes,
      );

      server.get('/metrics', { onRequest }, async (_request, reply) =>
        reply.type(registry.contentType).send(await Registry.merge(all).metrics()),
      );
    },
    observeOperation({ transport, type, durationMs, errorCodes }: OperationReport): void {
      const outcome = errorCodes.length === 0 ? 'ok' : 'error';
      const key = `${transport} ${type} ${outcome}`;
      const series = operationSeries.get(key) ?? operations.labels({ transport, type, outcome });
      operationSeries.set(key, series);
      series.observe(durationMs / 1000);
    },
    observeUpstreamCall({ operation, outcome, durationMs }: Call): void {
      upstreamCalls.observe({ operation, outcome }, durationMs / 1000);
    },
    observePlatformCall({ operation, outcome, durationMs }: Call): void {
      platformCalls.observe({ operation, outcome }, durationMs / 1000);
    },
    countTransition: (to: string) => transitions.inc({ to }),
    countRegression: () => regressions.inc(),
    countUnknownStart: () => unknownStarts.inc(),
    countRetry: (outcome: string) => retries.inc({ outcome }),
    /** The upstream has not known a request for long: it is no longer watched. */
    countForgotten: () => forgotten.inc(),
    countRefusal: ({ transport, code }: { transport: string; code: string }) =>
      refusals.inc({ transport, code }),
    /** Whether the connection for notifications is established, each time that this changes. */
    setBus(isConnected: boolean): void {
      busConnected.set(Number(isConnected));
      if (isConnected) busConnections.inc();
    },
  };
}
