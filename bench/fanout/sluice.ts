import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { openIngestionLog } from '../../src/datasources/ingestion-log.datasource.js';
import { createIngestionRequestLoader } from '../../src/datasources/ingestion-request.loader.js';
import { systemClock } from '../../src/datasources/system-clock.js';
import type { Upstream } from '../../src/ingestion/ports.js';
import type { OperationContext } from '../../src/resolvers/operation-context.js';
import { createApolloServer } from '../../src/server/apollo.js';
import { buildGatewaySchema } from '../../src/server/build-schema.js';
import { createErrorFormatter } from '../../src/server/graphql-errors.js';
import { createHttpServer } from '../../src/server/http.js';
import { createOperations, type ResultText } from '../../src/server/operations.js';
import { createWebSockets } from '../../src/server/websocket.js';
import { createFanOut } from '../../src/watch/fan-out.js';
import { createHub } from '../../src/watch/hub.js';
import { createWatcher } from '../../src/watch/watcher.js';
import { compete } from './contestant.js';
import { INFO } from './example.js';

/**
 * The gateway, joined as `gateway.ts` does but for an upstream: its own log in a file, hub, schema, resolvers
 * and HTTP server. An event is a transition that is appended to the log, and looks its request up in it.
 */
const dataDir = mkdtempSync(join(tmpdir(), 'bench-fanout-'));
const onFatal = (error: Error) => {
  throw error;
};
const log = await openIngestionLog({ dataDir, onFatal });
process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
const hub = createHub();
log.onAppended((transition) => hub.publish(transition));

const unasked = () => Promise.reject(new Error('The upstream has no part in this.'));
const upstream: Upstream = { start: unasked, status: unasked, check: unasked };
const watcher = createWatcher({
  upstream,
  log,
  clock: systemClock,
  plan: { minMs: 60_000, maxMs: 60_000 },
  events: { onRegression: () => {}, onPollFailed: () => {} },
});
const logger = pino({ level: 'silent' });
const formatError = createErrorFormatter(logger);
const reportOperation = () => {};
const schema = await buildGatewaySchema({ upstream, log, watches: watcher, clock: systemClock });
const newContext = (): OperationContext => ({
  requests: createIngestionRequestLoader(log),
  followed: { log, hub, watches: watcher },
});
const apollo = createApolloServer({ schema, formatError, reportOperation, logger });
await apollo.start();
const fanOut = createFanOut<ResultText>({ log, hub });
const operations = createOperations({
  schema,
  apollo,
  fanOut,
  newContext,
  formatError,
  reportOperation,
});
const webSockets = createWebSockets({ operations, logger });
const http = createHttpServer({ apollo, newContext, webSockets, logger });
await http.ready();
let index = 0;

compete({
  server: http.server,
  subscriberCount: () => fanOut.followerCount,
  async publish(count) {
    const appended = Array.from({ length: count }, () => {
      index += 1;
      return log.append({
        ref: { mappingId: 'XDM44', requestId: String(index) },
        seen: { status: 'SUCCESS', info: INFO, batchId: '01HZX9E5T5N8Q4', numRecords: 15 },
        observedAt: Date.now(),
      });
    });
    await Promise.all(appended);
  },
});
