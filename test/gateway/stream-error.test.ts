import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createIngestionRequestLoader } from '../../src/datasources/log/ingestion-request.loader.js';
import { createLineageLoader } from '../../src/datasources/log/lineage.loader.js';
import { createUsualDurationLoader } from '../../src/datasources/log/usual-duration.loader.js';
import type { IngestionLog, StartLog, Watches } from '../../src/ingestion/ports.js';
import type { StartIngestion } from '../../src/ingestion/start-ingestion.js';
import { createLogger } from '../../src/process/logger.js';
import { systemClock } from '../../src/process/system-clock.js';
import { createGraphQLServer } from '../../src/server/graphql-server.js';
import { buildGatewaySchema } from '../../src/server/operations/build-schema.js';
import { anonymousSignIn } from '../../src/server/sign-in/sign-in.js';
import { createHub } from '../../src/watch/hub.js';
import { privateExposure } from '../support/exposure.js';
import { createMemoryLog } from '../support/memory-log.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import { toSubscription } from '../support/socket-gateway.js';

describe('an internal error inside a stream', () => {
  const fault = 'planted-fault: /var/lib/secret';
  const changed = toSubscription('XDM44', '3520');
  let served: Awaited<ReturnType<typeof serveWith>>;

  afterEach(() => served.stop());

  it('ends it with an error without details, and the process survives', async () => {
    served = await serveWith((log) => ({ ...log, read: () => Promise.reject(new Error(fault)) }));
    const socket = await openSocket(served.url);
    socket.send({ type: 'subscribe', id: '1', payload: { query: changed } });
    expect(await socket.next()).toEqual({ id: '1', type: 'error', payload: [internalError] });
    expect(served.logText()).toContain(fault);
    expect(await askSocket(socket, { query: '{ __typename }' })).toEqual({
      data: { __typename: 'Query' },
    });
    expect(served.listenerCount()).toBe(0);
    await socket.close();
  });

  it('is reported with its event if it affects only one', async () => {
    let findCount = 0;
    served = await serveWith((log) => ({
      ...log,
      // Once to find the request, once to see whether it has ended; then for the event's `request`.
      find: (refs) => {
        findCount += 1;
        return findCount > 2 ? Promise.reject(new Error(fault)) : log.find(refs);
      },
    }));
    const socket = await openSocket(served.url);
    const query = changed.replace('{ to }', '{ to request { status } }');
    socket.send({ type: 'subscribe', id: '1', payload: { query } });
    expect(await socket.next()).toEqual({
      id: '1',
      type: 'next',
      payload: {
        data: null,
        errors: [
          {
            ...internalError,
            path: ['ingestionStatusChanged', 'request'],
            locations: [expect.anything()],
          },
        ],
      },
    });
    expect(await socket.next()).toEqual({ id: '1', type: 'complete' });
    expect(served.logText()).toContain(fault);
    await socket.close();
  });

  const internalError = {
    message: 'The gateway failed to answer this. Its log has the details.',
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  };

  /** The server parts of a gateway around a log with one finished request, which is then damaged. */
  async function serveWith(damage: (log: IngestionLog) => IngestionLog) {
    const memoryLog = createMemoryLog();
    const ref = { mappingId: 'XDM44', requestId: '3520' };
    const seen = { status: 'SUCCESS', numRecords: 1, batchId: null, info: '' } as const;
    await memoryLog.append({ ref, seen, observedAt: 1 });
    const log = damage(memoryLog);
    const hub = createHub();
    const lines: string[] = [];
    const logger = createLogger('debug', { write: (line) => void lines.push(line) });
    const nobody = {} as Watches & StartIngestion & StartLog;
    const clock = systemClock;
    const schema = await buildGatewaySchema({
      startIngestion: nobody,
      log,
      watches: nobody,
      clock,
      administration: null,
      pollMaxMs: 60_000,
    });
    const { server, fanOut, stop } = await createGraphQLServer({
      schema,
      signIn: anonymousSignIn,
      clock,
      reportRefusal: () => {},
      exposure: { ...privateExposure, persistedOperations: null },
      followSources: { log, hub, watches: nobody },
      newLoaders: () => ({
        requests: createIngestionRequestLoader(log),
        lineages: createLineageLoader(nobody),
        usualDurations: createUsualDurationLoader(log),
        administration: null,
        batches: null,
      }),
      reportOperation: () => {},
      phase: () => 'serving',
      logger,
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    const { port } = server.server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}`,
      logText: () => lines.join(''),
      listenerCount: () => hub.listenerCount + fanOut.followerCount,
      stop,
    };
  }
});
