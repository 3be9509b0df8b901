/** Connections besides WebSockets. Any more are closed when they arrive. */
const MAX_HTTP_CONNECTIONS = 20_000;

/** Open files and connections reserved for the upstream, the log and files... */
const KEPT_BACK = 512;

/** ... but at most this share, if the process may open few. */
const KEPT_BACK_SHARE = 0.25;

/** The minimum reserve: more than a gateway with an embedded service opens before anybody calls. */
const LEAST_KEPT_BACK = 64;

/**
 * How many client connections may be open, so that there is room left for the upstream and the log.
 *
 * @param fileLimit - how many files and connections the process may open; null if unknown
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
