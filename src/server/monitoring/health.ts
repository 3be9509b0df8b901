import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  GatewayError,
  LogUnavailableError,
  ShuttingDownError,
} from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import type { Phase } from './phase.js';
import type { UpstreamHealth, UpstreamState } from './upstream-health.js';

/** How long a result of the log's database is reused, so that probes cost little. */
const CHECK_TTL_MS = 5_000;

/** How long the database may take to respond. Probes don't wait much longer. */
const LOG_WAIT_MS = 2_000;

/** How long `/readyz` waits for news of the upstream. */
const UPSTREAM_WAIT_MS = 500;

/** With `deep`, somebody wants to know, and waits. */
const DEEP_WAIT_MS = 5_000;

const unanswered: UpstreamState = {
  status: 'degraded',
  code: 'UPSTREAM_TIMEOUT',
  message: `The upstream has not answered in ${DEEP_WAIT_MS} ms.`,
};

/** What health depends on. */
export interface HealthOptions {
  readonly upstreamHealth: Pick<UpstreamHealth, 'ask' | 'state'>;
  /** @throws {LogUnavailableError} the log's database does not respond */
  checkLog(): Promise<void>;
  readonly clock: Clock;
  readonly phase: () => Phase;
}

/**
 * `/healthz`: the process is alive. `/readyz`: it is not about to stop, and the log's database responds. An upstream
 * that is down is reported, but takes no gateway out of its balancer: all gateways have the same upstream, and
 * history, replays and subscriptions don't need it. `/readyz?deep` is 503 for that, too.
 */
export function serveHealth(
  server: FastifyInstance,
  { upstreamHealth, checkLog, clock, phase }: HealthOptions,
): void {
  let checked: { readonly at: number; readonly error: Promise<GatewayError | null> } | null = null;

  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get<{ Querystring: { deep?: string } }>('/readyz', async ({ query }, reply) => {
    if (phase() !== 'serving') return notReady(reply, new ShuttingDownError());
    const isDeep = query.deep !== undefined && query.deep !== 'false';
    const [error, heard] = await Promise.all([
      checkedLogError(),
      upstreamHealth.ask(isDeep ? DEEP_WAIT_MS : UPSTREAM_WAIT_MS),
    ]);
    if (error) return notReady(reply, error);
    const upstream = heard ?? (isDeep ? unanswered : upstreamHealth.state);
    if (!isDeep || upstream.status === 'ok') return { status: 'ready', upstream };
    return reply.code(503).send({ status: 'not ready', upstream });
  });

  function checkedLogError(): Promise<GatewayError | null> {
    const now = clock.monotonicMs();
    if (!checked || now - checked.at > CHECK_TTL_MS) checked = { at: now, error: findLogError() };
    return checked.error;
  }

  async function findLogError(): Promise<GatewayError | null> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    const cancel = clock.schedule(LOG_WAIT_MS, () =>
      reject(new LogUnavailableError(`The log's database has not answered in ${LOG_WAIT_MS} ms.`)),
    );
    try {
      await Promise.race([checkLog(), late]);
      return null;
    } catch (error) {
      if (error instanceof GatewayError) return error;
      throw error;
    } finally {
      cancel();
    }
  }
}

function notReady(reply: FastifyReply, { code, message }: GatewayError): FastifyReply {
  return reply.code(503).send({ status: 'not ready', code, message });
}
