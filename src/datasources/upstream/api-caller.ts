import { type CallBudget, createCallBudget } from './call-budget.js';
import { type CircuitPlan, createCallCircuit, defaultCircuitPlan } from './call-circuit.js';
import { type Deadline, startDeadline } from './call-deadline.js';
import { type CallPlan, callCampaign } from './campaign.call.js';
import { createHttpPool, type HttpPoolOptions } from './http-pool.js';
import {
  createTokenSource,
  type ReadyToken,
  type TokenSourceOptions,
} from './ims-token.datasource.js';
import type { ClientCredentials } from './ims-token.wire.js';
import { createSlowdown } from './slowdown.js';

/** What calls to an API require. */
export interface ApiCallerOptions extends HttpPoolOptions {
  readonly url: URL;
  readonly token: ReadyToken | ClientCredentials;
  /** The deadline of one call, including repeats and waits, in ms. */
  readonly timeoutMs: number;
  readonly circuit?: CircuitPlan;
}

/**
 * Create what makes the calls to one API. They have their own connections, token, budget and circuit, so that no other
 * API delays them or is delayed by them.
 *
 * @param turns - the maximum number of calls in any second, a positive integer; or a budget that others share
 * @throws {TypeError} a ready token is not valid in a header
 */
export function createApiCaller(
  { url, token, timeoutMs, circuit: plan = defaultCircuitPlan, ...options }: ApiCallerOptions,
  turns: number | CallBudget,
  ofToken: Pick<TokenSourceOptions, 'share' | 'onFetch'> = {},
) {
  const { clock, maxWaitMs, proxies } = options;
  const network = { clock, maxWaitMs, proxies };
  const http = createHttpPool(url, network);
  const tokens = createTokenSource(token, { ...network, timeoutMs, ...ofToken });
  const budget = typeof turns === 'number' ? createCallBudget(clock, turns) : turns;
  const circuit = createCallCircuit(clock, plan);
  const parts = { http, tokens, budget, circuit, slowdown: createSlowdown(clock, budget) };
  const underWay = new Set<Deadline>();
  let isClosed = false;

  /** Run something within the deadline of one call. */
  async function within<T>(run: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = startDeadline(clock, timeoutMs);
    underWay.add(deadline);
    if (isClosed) deadline.cancel('closing');
    try {
      return await run(deadline);
    } finally {
      underWay.delete(deadline);
      deadline.release();
    }
  }

  return {
    http,
    tokens,
    budget,
    within,
    /** Make one logical call. @throws {UpstreamError} why its last attempt failed */
    call: <T>(call: CallPlan<T>): Promise<T> =>
      within((deadline) => callCampaign(parts, call, deadline)),
    /** Cancel all calls in progress, and close the connections. */
    async close(): Promise<void> {
      isClosed = true;
      for (const deadline of underWay) deadline.cancel('closing');
      budget.close();
      await Promise.all([http.destroy(), tokens.close()]);
    },
  };
}
