import type { FastifyReply } from 'fastify';

/** An error in the form of GraphQL's, also where no GraphQL was asked. */
export function refuse(
  reply: FastifyReply,
  status: number,
  code: string,
  message: string,
): FastifyReply {
  return reply.code(status).send({ errors: [{ message, extensions: { code } }] });
}
