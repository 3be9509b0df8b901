import { GatewayError } from '../../ingestion/gateway-error.js';
import type { Clock, Upstream } from '../../ingestion/ports.js';

/** How long the last result counts, so that probes cost the upstream little. */
const HEARD_TTL_MS = 5_000;

/** What is known about the upstream. */
export type UpstreamState =
  | { readonly status: 'unknown' }
  | { readonly status: 'ok' }
  | { readonly status: 'degraded'; readonly code: string; readonly message: string };

/** The outcomes that concern the upstream as a whole, and not the individual call. */
const troubles: Readonly<Record<string, string>> = {
  UPSTREAM_UNAVAILABLE: 'The upstream cannot be reached, or fails.',
  UPSTREAM_TIMEOUT: 'The upstream does not answer in time.',
  UPSTREAM_UNAUTHENTICATED: 'The upstream does not accept the credentials of the gateway.',
};

/** Whether the upstream can be used, judged by the last contact. */
export type UpstreamHealth = ReturnType<typeof createUpstreamHealth>;

/**
 * Derive the state from observed calls, and from checks if there are none.
 *
 * @param onHeard - called with each new state, and the error behind it
 */
export function createUpstreamHealth(
  upstream: Pick<Upstream, 'check'>,
  clock: Clock,
  onHeard: (state: UpstreamState, error?: unknown) => void = () => {},
) {
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
    /** A call has ended with this outcome, a code or `OK`, and with this error, if it failed. */
    observe(outcome: string, error?: unknown): void {
      const message = troubles[outcome];
      if (outcome === 'OK') hear({ status: 'ok' });
      else if (message !== undefined) hear({ status: 'degraded', code: outcome, message }, error);
    },
    /**
     * The current state. Asks the upstream if there was no recent contact.
     *
     * @returns null if it has not answered by then
     */
    async ask(waitMs: number): Promise<UpstreamState | null> {
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
