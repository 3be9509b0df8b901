import { exchange } from '../../datasources/upstream/http-exchange.js';
import { createHttpPool } from '../../datasources/upstream/http-pool.js';
import type { OutgoingProxies } from '../../datasources/upstream/outgoing-proxy.js';
import type { Clock } from '../../ingestion/ports.js';

/** How long what the provider says of itself is used. In ms. */
const FRESH_MS = 600_000;

/** The pause after a failure. In ms. */
const QUIET_MS = 5_000;

/** A page waits for the provider no longer than this. In ms. */
const TIMEOUT_MS = 2_000;

/** What is needed to ask a provider. */
export interface OpenIdOriginsOptions {
  /** Without a slash at its end. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly proxies?: OutgoingProxies | undefined;
  /** Called each time that the provider did not say where its endpoints are. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * The origins that a page calls to sign people in with an OpenID provider: the issuer's, and that of its token
 * endpoint, which its discovery document names. While that can't be read, the last known ones.
 *
 * @returns looks them up when called, once for all concurrent callers; never rejects
 */
export function createOpenIdOrigins(
  options: OpenIdOriginsOptions,
): () => Promise<readonly string[]> {
  const { issuer, clock, proxies, onFailed } = options;
  const url = new URL(`${issuer}/.well-known/openid-configuration`);
  const pool = createHttpPool(url, { clock, proxies });
  let known: readonly string[] = [url.origin];
  let askAgainAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    let waitMs = FRESH_MS;
    try {
      known = [...new Set([url.origin, await readTokenOrigin()])];
    } catch (error) {
      waitMs = QUIET_MS;
      onFailed(error);
    }
    askAgainAt = clock.monotonicMs() + waitMs;
    asking = null;
  }

  async function readTokenOrigin(): Promise<string> {
    const request = { method: 'GET', path: `${url.pathname}${url.search}`, headers: {} } as const;
    const answer = await exchange(pool, request, AbortSignal.timeout(TIMEOUT_MS));
    if (answer.kind !== 'answered') throw answer.cause;
    if (answer.status !== 200) throw new Error(`${url.href} answers HTTP ${answer.status}`);
    const { token_endpoint: endpoint } = JSON.parse(answer.body) as { token_endpoint?: unknown };
    const { protocol, origin } = new URL(String(endpoint));
    if (protocol === 'https:' || protocol === url.protocol) return origin;
    throw new Error(`${url.href} names a token endpoint that is not safe: ${origin}`);
  }

  return async () => {
    if (clock.monotonicMs() < askAgainAt) return known;
    asking ??= ask();
    await asking;
    return known;
  };
}
