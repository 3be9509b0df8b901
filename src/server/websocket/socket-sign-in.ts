import { CloseCode, type ConnectionInitMessage } from 'graphql-ws';
import {
  RateLimitedError,
  SignInUnavailableError,
  UnauthenticatedError,
} from '../../ingestion/gateway-error.js';

/** graphql-ws clients come back after 1013 (Try Again Later). */
const TRY_AGAIN_LATER = 1013;

/** graphql-ws clients do not come back after this. */
export const TOO_MANY_REQUESTS = 4429;

/** How a socket is closed. */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
}

/** Clients come back after this with what they have by then, as they do not after 4401. */
export const EXPIRED: SocketClose = { code: CloseCode.Forbidden, reason: 'Expired' };

/** Clients come back once, and find out with 4401 that they are not let in any more, or with what rights they are. */
export const REVOKED: SocketClose = { code: CloseCode.Forbidden, reason: 'Revoked' };

/** In place of what is no text: nobody is let in with it, and it counts as an attempt. */
const NO_TEXT = 'not a text';

/**
 * What a client shows in its `connection_init`, or else showed in the header of its upgrade. What is there and
 * is no text is never good.
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
 * How the socket of somebody who cannot be identified is closed.
 *
 * @throws the error itself, where it tells of something else
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
