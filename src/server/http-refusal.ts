import type { FastifyReply } from 'fastify';
import type { ClientAddress } from './client-address.js';
import { toAddressKey } from './limits/caller-key.js';
import type { Refusal } from './refusal.js';
import type { RefusalReporter } from './refusal-log.js';

/**
 * Answers with an error in the form of GraphQL's, also where no GraphQL was asked.
 *
 * @param err - what exactly was wrong, for the operator alone
 */
export type Refuse = (reply: FastifyReply, refusal: Refusal, err?: unknown) => FastifyReply;

/** Refuse HTTP requests, and report each. */
export function createRefuse(report: RefusalReporter, addressOf: ClientAddress): Refuse {
  return (reply, refusal, err) => {
    const { status, retryAfterMs } = refusal;
    const { raw } = reply.request;
    report({
      transport: 'http',
      ...refusal,
      err,
      request: raw,
      from: toAddressKey(addressOf(raw)),
    });
    if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1_000));
    return reply.code(status).send(toErrorBody(refusal));
  };
}

/** What a client is told of a refusal. */
export function toErrorBody({ code, message, retryAfterMs }: Refusal): object {
  const extensions = { code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { errors: [{ message, extensions }] };
}
