import { RESTDataSource } from '@apollo/datasource-rest';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { toPath, toRequest, typeDefs } from './schema.mjs';

/** Apollo Server with a RESTDataSource, as its documentation shows it. */
class Upstream extends RESTDataSource {
  baseURL = process.env.UPSTREAM;

  status(args) {
    return this.get(toPath(args));
  }
}

const server = new ApolloServer({
  typeDefs,
  resolvers: {
    Query: {
      ingestionStatus: async (_root, args, { upstream }) => toRequest(await upstream.status(args)),
    },
  },
});
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async () => ({ upstream: new Upstream({ cache: server.cache }) }),
});
process.send(url.replace(/\/$/, ''));
process.once('disconnect', () => process.exit());
