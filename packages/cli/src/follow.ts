import type { Gateway } from './gateway.js';
import {
  ActivityDocument,
  LineageDocument,
  type ShownTransitionFragment,
  WatchDocument,
} from './generated/operations.js';

/** How long the gateway tries to have an aborted request retried, plus some. In ms. */
const RETRY_WAIT_MS = 65 * 60_000;

/** A request, and how many retries its start asked for. */
export interface Followed {
  readonly mappingId: string;
  readonly requestId: string;
  readonly retryOnAbort: number;
}

/**
 * All transitions of a request, and of its retries: each once, in order.
 *
 * @param onRetryDue - called before waiting for a retry that does not exist yet
 */
export async function* followRequest(
  gateway: Gateway,
  followed: Followed,
  onRetryDue: (aborted: ShownTransitionFragment) => void,
): AsyncGenerator<ShownTransitionFragment> {
  const { mappingId, retryOnAbort } = followed;
  let next: string | null = followed.requestId;
  while (next !== null) {
    const requestId: string = next;
    let last: (ShownTransitionFragment & { readonly cursor: string }) | null = null;
    for await (const { transition } of gateway.subscribe(WatchDocument, { mappingId, requestId })) {
      last = transition;
      yield transition;
    }
    if (last?.to !== 'ABORTED') return;
    const mayBeRetried = last.request.attempt <= retryOnAbort;
    if (mayBeRetried) onRetryDue(last);
    next = mayBeRetried
      ? await awaitRetry(gateway, mappingId, requestId, last.cursor)
      : await findRetry(gateway, mappingId, requestId);
  }
}

/** Somebody may have asked for retries, and one may have begun. */
async function findRetry(
  gateway: Gateway,
  mappingId: string,
  requestId: string,
): Promise<string | null> {
  const { ingestionStatus } = await gateway.request(LineageDocument, { mappingId, requestId });
  return ingestionStatus?.retriedBy?.requestId ?? null;
}

async function awaitRetry(
  gateway: Gateway,
  mappingId: string,
  requestId: string,
  after: string,
): Promise<string | null> {
  const filter = { mappingIds: [mappingId] };
  const activity = gateway.subscribe(ActivityDocument, { filter, after });
  const timer = setTimeout(() => void activity.return?.(), RETRY_WAIT_MS);
  try {
    for await (const { transition } of activity) {
      const { request } = transition;
      if (request.retryOf?.requestId === requestId) return request.requestId;
    }
    return null;
  } finally {
    clearTimeout(timer);
  }
}
