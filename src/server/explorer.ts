import fastifyStatic from '@fastify/static';
import {
  getDistDirectory,
  type RenderOptions,
  renderAltair,
  renderInitSnippet,
} from 'altair-static';
import type { FastifyInstance } from 'fastify';

/** Where the explorer is served. */
export const EXPLORER_PATH = '/explorer/';

const INIT_PATH = `${EXPLORER_PATH}sluice-init.js`;

/** A tab that is there when the explorer is opened for the first time. */
export interface ExplorerTab {
  readonly name: string;
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/**
 * Serve Altair from its npm package, with tabs ready to run. It asks nothing of any other host.
 *
 * @param graphqlPath - where it sends its operations, subscriptions over WebSocket included
 */
export async function serveExplorer(
  server: FastifyInstance,
  graphqlPath: string,
  tabs: readonly ExplorerTab[],
): Promise<void> {
  const options: RenderOptions = {
    baseURL: EXPLORER_PATH,
    serveInitialOptionsInSeperateRequest: INIT_PATH,
    endpointURL: graphqlPath,
    subscriptionsEndpoint: graphqlPath,
    initialSubscriptionRequestHandlerId: 'graphql-ws',
    initialWindows: tabs.map(({ name, query, variables }) => ({
      initialName: name,
      initialQuery: query,
      initialVariables: JSON.stringify(variables, null, 2),
      endpointURL: graphqlPath,
      subscriptionsEndpoint: graphqlPath,
      initialSubscriptionRequestHandlerId: 'graphql-ws',
    })),
    instanceStorageNamespace: 'sluice_',
    disableAccount: true,
    initialSettings: {
      theme: 'system',
      language: 'en-US',
      addQueryDepthLimit: 3,
      tabSize: 2,
      'alert.disableUpdateNotification': true,
      'banners.disable': true,
    },
  };
  const page = renderAltair(options);
  const init = renderInitSnippet(options);

  server.get('/', (_request, reply) => reply.redirect(EXPLORER_PATH));
  server.get(EXPLORER_PATH, (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
  server.get(INIT_PATH, (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(init),
  );
  await server.register(fastifyStatic, {
    root: getDistDirectory(),
    prefix: EXPLORER_PATH,
    index: false,
    decorateReply: false,
  });
}
