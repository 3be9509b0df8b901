import type { FastifyInstance } from 'fastify';
import { GatewayError } from '../ingestion/gateway-error.js';
import type { Clock, Upstream } from '../ingestion/ports.js';

/** How long an answer of the checks holds, so that probes cost little. */
const CHECK_TTL_MS = 5_000;

/** Whether the process is taking work, and why not. */
export type Readiness =
  | { readonly isReady: true }
  | { readonly isReady: false; readonly code: string; readonly message: string };

/** What has to be in order for this process to be of use. */
export interface Dependencies {
  readonly upstream: Pick<Upstream, 'check'>;
  /** @throws {LogUnavailableError} the database of the log does not answer */
  checkLog(): Promise<void>;
  readonly clock: Clock;
}

/**
 * `/healthz`: the process lives. `/readyz`: the log’s database answers, and the upstream can be reached and
 * lets us in.
 *
 * @param isDraining - true once the process is shutting down
 */
export function serveHealth(
  server: FastifyInstance,
  { upstream, checkLog, clock }: Dependencies,
  isDraining: () => boolean,
): void {
  let checked: { readonly at: number; readonly readiness: Promise<Readiness> } | null = null;

  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const readiness = isDraining() ? shuttingDown : await checkedReadiness();
    return readiness.isReady
      ? { status: 'ready' }
      : reply
          .code(503)
          .send({ status: 'not ready', code: readiness.code, message: readiness.message });
  });

  function checkedReadiness(): Promise<Readiness> {
    if (!checked || clock.monotonicMs() - checked.at > CHECK_TTL_MS) {
      checked = { at: clock.monotonicMs(), readiness: check(checkLog, upstream) };
    }
    return checked.readiness;
  }
}

const shuttingDown: Readiness = {
  isReady: false,
  code: 'SHUTTING_DOWN',
  message: 'The gateway is shutting down.',
};

async function check(
  checkLog: Dependencies['checkLog'],
  upstream: Dependencies['upstream'],
): Promise<Readiness> {
  try {
    await checkLog();
    await upstream.check();
    return { isReady: true };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return { isReady: false, code: error.code, message: error.message };
  }
}
