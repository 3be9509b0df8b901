import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { packageFolder } from '../../process/package-folder.js';

/** Where the build of `packages/console` is. */
const DIST_DIR = join(packageFolder, 'packages/console/dist');

/** All names in this folder contain a content hash. */
const ASSETS_DIR = 'console/';

/** The page loads only from this server, and calls only this server and these origins. */
function toPolicy(origins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    ["connect-src 'self'", ...origins].join(' '),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** What the page must know before its first query. `packages/console` reads it from the page's head. */
export interface ConsoleContent {
  /** Null if there is no explorer. */
  readonly explorerPath: string | null;
  /** The provider that people sign in with; null if they paste a key or a token. */
  readonly openId: {
    readonly issuer: string;
    readonly clientId: string;
    readonly scope: string;
  } | null;
}

/**
 * Serve the console at `/`. Its routes are in the fragment of the address, so it works below any path.
 *
 * @param findOpenIdOrigins - looks up the other origins that the page calls
 */
export async function serveConsole(
  server: FastifyInstance,
  content: ConsoleContent,
  findOpenIdOrigins: () => Promise<readonly string[]>,
): Promise<void> {
  const built = await readFile(join(DIST_DIR, 'index.html'), 'utf8');
  const page = built.replace('{}', () => toAttribute(JSON.stringify(content)));
  server.get('/', async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'no-cache')
      .header('content-security-policy', toPolicy(await findOpenIdOrigins()))
      .send(page),
  );
  await server.register(fastifyStatic, {
    root: join(DIST_DIR, ASSETS_DIR),
    prefix: `/${ASSETS_DIR}`,
    index: false,
    decorateReply: false,
    cacheControl: false,
    preCompressed: true,
    setHeaders: (reply) => reply.header('cache-control', 'public, max-age=31536000, immutable'),
  });
}

function toAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
