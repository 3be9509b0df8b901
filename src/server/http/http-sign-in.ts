import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Caller, checkRight, type Right } from '../../ingestion/caller.js';
import {
  ForbiddenError,
  SignInUnavailableError,
  UnauthenticatedError,
  type UnauthenticatedReason,
} from '../../ingestion/gateway-error.js';
import { toAddressKey } from '../admission/caller-key.js';
import type { ClientAddress } from '../admission/client-address.js';
import type { Refuse } from '../admission/http-refusal.js';
import type { SignIn } from '../sign-in/sign-in.js';

/** By then the issuer's keys are fetched again. */
const RETRY_AFTER_MS = 5_000;

/** The challenge for a client that speaks OAuth. @see https://www.rfc-editor.org/rfc/rfc6750#section-3 */
const challenges: Record<UnauthenticatedReason, string> = {
  missing: 'Bearer realm="sluice"',
  expired: 'Bearer realm="sluice", error="invalid_token", error_description="expired"',
  refused: 'Bearer realm="sluice", error="invalid_token"',
};

/** Lets known callers make HTTP requests. */
export type HttpSignIn = ReturnType<typeof createHttpSignIn>;

/** Identify callers over HTTP by their headers. */
export function createHttpSignIn(signIn: SignIn, addressOf: ClientAddress, refuse: Refuse) {
  const callers = new WeakMap<FastifyRequest, Caller>();

  return {
    recall: signIn.recall,
    /** An `onRequest` hook that refuses all other callers, and those without the right, if one is given. */
    require:
      (right?: Right): ((request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) =>
      async (request, reply) => {
        try {
          const caller = await signIn.identify(
            request.headers.authorization,
            toAddressKey(addressOf(request.raw)),
          );
          if (right) checkRight(caller, right);
          callers.set(request, caller);
        } catch (error) {
          if (
            !(error instanceof UnauthenticatedError) &&
            !(error instanceof ForbiddenError) &&
            !(error instanceof SignInUnavailableError)
          ) {
            throw error;
          }
          const { code, message } = error;
          if (error instanceof UnauthenticatedError) {
            reply.header('www-authenticate', challenges[error.reason]);
            return refuse(reply, { status: 401, code, message }, error);
          }
          if (error instanceof ForbiddenError) return refuse(reply, { status: 403, code, message });
          return refuse(reply, { status: 503, code, message, retryAfterMs: RETRY_AFTER_MS });
        }
      },
    /** The caller of a request that was let through. */
    callerOf(request: FastifyRequest): Caller {
      const caller = callers.get(request);
      if (!caller) throw new Error('This request has not been through sign-in.');
      return caller;
    },
  };
}
