import { CloseCode, type ConnectionInitMessage } from 'graphql-ws';
import {
  RateLimitedError,
  SignInUnavailableError,
  UnauthenticatedError,
} from '../../ingestion/gateway-error.js';

/** graphql-ws clients reconnect after 1013 (Try Again Later). */
const TRY_AGAIN_LATER = 1013;

/** graphql-ws clients don't reconnect after this. */
export const TOO_MANY_REQUESTS = 4429;

/** How a socket is closed. */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

/** Clients reconnect after this with their current credentials, as they don't after 4401. */
export const EXPIRED: SocketClose = { code: CloseCode.Forbidden, reason: 'Expired' };

/** Clients reconnect once, and then get 4401 or their new rights. */
export const REVOKED: SocketClose = { code: CloseCode.Forbidden, reason: 'Revoked' };

/** Replaces what is not text: it is never accepted, and counts as an attempt. */
const NO_TEXT = 'not a text';

/**
 * The credentials in a client's `connection_init`, or else in the header of its upgrade. Anything that is not text is
 * never valid.
 */
export function toAuthorization(
  payload: ConnectionInitMessage['payload'],
  header: string | undefined,
): string | undefined {
  const shown = payload?.authorization ?? payload?.Authorization;
  if (shown === undefined || shown === null) return header;
  return typeof shown === 'string' ? shown : NO_TEXT;
}

/**
 * How to close the socket of a client that can't be identified.
 *
 * @throws the error itself, if it means something else
 */
export function toClose(error: unknown): SocketClose {
  if (error instanceof UnauthenticatedError) {
    return error.reason === 'expired'
      ? EXPIRED
      : { code: CloseCode.Unauthorized, reason: 'Unauthorized' };
  }
  if (error instanceof SignInUnavailableError) {
    return { code: TRY_AGAIN_LATER, reason: 'Try again later' };
  }
  if (error instanceof RateLimitedError) {
    return { code: TOO_MANY_REQUESTS, reason: 'Too many failed sign-ins' };
  }
  throw error;
}
