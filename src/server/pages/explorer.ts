import fastifyStatic from '@fastify/static';
import type { AltairConfigOptions } from 'altair-static';
import type { FastifyInstance } from 'fastify';
import { PHONE_STYLE, toInitScript } from './explorer-init.js';

/** Where the explorer is served. */
export const EXPLORER_PATH = '/explorer/';

const INIT_FILE = 'sluice-init.js';
const STYLE_FILE = 'sluice-phone.css';

/** In Altair's package these names contain a content hash: `chunk-2OVBIND4.js`, `index-DHqKSLXH.js`. */
const HASHED_NAME = /(?:chunk|worker)-[A-Z0-9]{8}\.js$|iframe-sandbox\/assets\//;

/**
 * The page loads and calls only this server. Its components include their styles, and scripts in tabs run in a
 * worker.
 */
const EXPLORER_CSP = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "frame-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** A tab that exists when the explorer is opened for the first time. */
export interface ExplorerTab {
  readonly name: string;
  readonly query: string;
  readonly variables: Record<string, unknown>;
  /** JavaScript that Altair runs with each answer, for example to put a value into the environment. */
  readonly onAnswer?: string;
}

/** What exists when the explorer is opened for the first time. */
export interface ExplorerContent {
  readonly tabs: readonly ExplorerTab[];
  /** The values of `{{name}}` in tabs' variables, until a tab's `onAnswer` sets them. */
  readonly environment: Readonly<Record<string, string>>;
  /** What every tab sends as `Authorization`, over HTTP and at `connection_init`; null without sign-in. */
  readonly authorization: string | null;
}

/**
 * Serve Altair from its npm package, with tabs ready to run. It calls no other host.
 *
 * Every address in the page is relative to the page's own, so that it also works after a proxy, below another path,
 * and over https.
 *
 * @param graphqlPath - where it sends operations, including subscriptions over WebSocket
 */
export async function serveExplorer(
  server: FastifyInstance,
  graphqlPath: string,
  content: ExplorerContent,
): Promise<void> {
  // Large, and not for gateways without an explorer.
  const { getDistDirectory, isSandboxFrame, renderAltair, SANDBOX_FRAME_CSP } = await import(
    'altair-static'
  );
  // Altair uses the base unchanged, and a script in a separate request needs no inline script.
  const page = renderAltair({ baseURL: './', serveInitialOptionsInSeperateRequest: INIT_FILE })
    .replace('<title>Altair</title>', '<title>Sluice explorer</title>')
    .replace('<html>', '<html lang="en">')
    .replace('</head>', `<link rel="stylesheet" href="./${STYLE_FILE}"></head>`);
  const script = toInitScript(toAltairOptions(content), `..${graphqlPath}`);

  server.get(EXPLORER_PATH.slice(0, -1), (_request, reply) => reply.redirect(`.${EXPLORER_PATH}`));
  server.get(EXPLORER_PATH, (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', EXPLORER_CSP)
      .send(page),
  );
  server.get(`${EXPLORER_PATH}${INIT_FILE}`, (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').header('cache-control', 'no-cache').send(script),
  );
  server.get(`${EXPLORER_PATH}${STYLE_FILE}`, (_request, reply) =>
    reply.type('text/css; charset=utf-8').header('cache-control', 'no-cache').send(PHONE_STYLE),
  );
  await server.register(fastifyStatic, {
    root: getDistDirectory(),
    prefix: EXPLORER_PATH,
    index: false,
    decorateReply: false,
    cacheControl: false,
    setHeaders(reply, path) {
      const isHashed = HASHED_NAME.test(path.replaceAll('\\', '/'));
      // The others are revalidated, and answered with 304 while they are unchanged.
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      const policy = isSandboxFrame(path) ? SANDBOX_FRAME_CSP : EXPLORER_CSP;
      reply.header('content-security-policy', policy);
    },
  });
}

function toAltairOptions({
  tabs,
  environment,
  authorization,
}: ExplorerContent): AltairConfigOptions {
  return {
    initialSubscriptionRequestHandlerId: 'graphql-ws',
    // Without addresses: tabs use the page's, which is absolute.
    initialWindows: tabs.map(({ name, query, variables, onAnswer }) => ({
      initialName: name,
      initialQuery: query,
      initialVariables: JSON.stringify(variables, null, 2),
      initialSubscriptionRequestHandlerId: 'graphql-ws',
      ...(onAnswer !== undefined && { initialPostRequestScript: onAnswer }),
      ...(authorization !== null && {
        initialHeaders: { Authorization: authorization },
        initialSubscriptionsPayload: { authorization },
      }),
    })),
    // Scripts can only set variables of an active sub-environment.
    initialEnvironments: {
      activeSubEnvironment: 'sluice',
      subEnvironments: [{ id: 'sluice', title: 'Sluice', variables: { ...environment } }],
    },
    instanceStorageNamespace: 'sluice_',
    disableAccount: true,
    initialSettings: {
      theme: 'system',
      language: 'en-US',
      addQueryDepthLimit: 3,
      tabSize: 2,
      'schema.reloadOnStart': true,
      disablePushNotification: true,
      'alert.disableUpdateNotification': true,
      'banners.disable': true,
    },
  };
}
