import Fastify from 'fastify';

/** A constant answer through Fastify, which parses what was asked. */
const body = process.env.BODY ?? '';
const server = Fastify();
server.post('/graphql', async (_request, reply) => {
  reply.header('content-type', 'application/json; charset=utf-8');
  return body;
});
process.send(await server.listen({ port: 0, host: '127.0.0.1' }));
process.once('disconnect', () => process.exit());
