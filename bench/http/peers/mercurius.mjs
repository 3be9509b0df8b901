import Fastify from 'fastify';
import mercurius from 'mercurius';
import { Pool } from 'undici';
import { toPath, toRequest, typeDefs } from './schema.mjs';

/** Mercurius with compiled queries, and a pool of connections to the upstream. */
const pool = new Pool(process.env.UPSTREAM, { connections: 64 });
const server = Fastify();
server.register(mercurius, {
  schema: typeDefs,
  jit: 1,
  resolvers: {
    Query: {
      async ingestionStatus(_root, args) {
        const { body } = await pool.request({ path: toPath(args), method: 'GET' });
        return toRequest(await body.json());
      },
    },
  },
});
process.send(await server.listen({ port: 0, host: '127.0.0.1' }));
process.once('disconnect', () => process.exit());
