import { GatewayError } from '../../ingestion/gateway-error.js';
import type { Clock, Upstream } from '../../ingestion/ports.js';

/** How long what was heard of the upstream holds, so that probes cost it little. */
const HEARD_TTL_MS = 5_000;

/** What is known of the upstream. */
export type UpstreamState =
  | { readonly status: 'unknown' }
  | { readonly status: 'ok' }
  | { readonly status: 'degraded'; readonly code: string; readonly message: string };

/** Whether the upstream can be used, by what was heard of it last. */
export interface UpstreamHealth {
  readonly state: UpstreamState;
  /** A call has ended with this outcome, a code or `OK`; and with this error, if it failed. */
  observe(outcome: string, error?: unknown): void;
  /**
   * The state, after asking the upstream where nothing was heard of it lately.
   *
   * @returns null where it has not answered by then
   */
  ask(waitMs: number): Promise<UpstreamState | null>;
}

/** The outcomes of calls that tell of the upstream as a whole, and not of what it was asked. */
const troubles: Readonly<Record<string, string>> = {
  UPSTREAM_UNAVAILABLE: 'The upstream cannot be reached, or fails.',
  UPSTREAM_TIMEOUT: 'The upstream does not answer in time.',
  UPSTREAM_UNAUTHENTICATED: 'The upstream does not accept the credentials of the gateway.',
};

/**
 * Build it on the calls that are observed, and on checks where there are none.
 *
 * @param onHeard - told of each state that was heard, with the error that told it
 */
export function createUpstreamHealth(
  upstream: Pick<Upstream, 'check'>,
  clock: Clock,
  onHeard: (state: UpstreamState, error?: unknown) => void = () => {},
): UpstreamHealth {
  let state: UpstreamState = { status: 'unknown' };
  let heardAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  function hear(heard: UpstreamState, error?: unknown): void {
    state = heard;
    heardAt = clock.monotonicMs();
    onHeard(heard, error);
  }

  async function check(): Promise<void> {
    try {
      await upstream.check();
      hear({ status: 'ok' });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      hear({ status: 'degraded', code: error.code, message: error.message }, error);
    }
  }

  return {
    get state() {
      return state;
    },
    observe(outcome, error) {
      const message = troubles[outcome];
      if (outcome === 'OK') hear({ status: 'ok' });
      else if (message !== undefined) hear({ status: 'degraded', code: outcome, message }, error);
    },
    async ask(waitMs) {
      if (clock.monotonicMs() - heardAt <= HEARD_TTL_MS) return state;
      asking ??= check().finally(() => {
        asking = null;
      });
      const { promise: late, resolve } = Promise.withResolvers<null>();
      const cancel = clock.schedule(waitMs, () => resolve(null));
      return Promise.race([asking.then(() => state), late]).finally(cancel);
    },
  };
}
