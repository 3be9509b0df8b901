/** Connections beside those of WebSockets; the ones beyond are closed as they come. */
const MAX_HTTP_CONNECTIONS = 20_000;

/** Kept back for the upstream, the log and files, of what a process may have open... */
const KEPT_BACK = 512;

/** ... but no more than this share, where it may have little. */
const KEPT_BACK_SHARE = 0.25;

/** What a gateway with an embedded service has open before anybody calls is less. */
const LEAST_KEPT_BACK = 64;

/**
 * How many connections of clients may be open: what strangers hold open must leave room for the upstream and the log.
 *
 * @param fileLimit - how much the process may have open in all; null where nobody knows
 */
export function toMaxConnections(maxSockets: number, fileLimit: number | null): number {
  const wanted = maxSockets + MAX_HTTP_CONNECTIONS;
  if (fileLimit === null) return wanted;
  const keptBack = Math.max(
    LEAST_KEPT_BACK,
    Math.ceil(Math.min(KEPT_BACK, fileLimit * KEPT_BACK_SHARE)),
  );
  return Math.max(1, Math.min(wanted, fileLimit - keptBack));
}
