import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Clock } from '../ingestion/ports.js';
import type { Arrival, OperationContext } from '../resolvers/operation-context.js';
import { createFanOut } from '../watch/fan-out.js';
import type { Audience } from './admission/audience.js';
import { toAddressKey } from './admission/caller-key.js';
import { createClientAddress } from './admission/client-address.js';
import { createHostCheck } from './admission/host-check.js';
import { createRefuse } from './admission/http-refusal.js';
import { createOriginCheck } from './admission/origin.js';
import type { RefusalReporter } from './admission/refusal-log.js';
import { toMaxConnections } from './connections/connection-limit.js';
import { trackConnections } from './connections/connections.js';
import { READING_MS } from './connections/fair-timeouts.js';
import { createHttpServer } from './http/http.js';
import { createHttpSignIn } from './http/http-sign-in.js';
import { createHttpStreams } from './http/http-streams.js';
import { createStreamedRequests } from './http/streamed-requests.js';
import type { NewLimiter } from './limits/allowance.js';
import { createCallerLimits } from './limits/caller-limits.js';
import type { Limits } from './limits/limits.js';
import { limitOperationTime } from './limits/operation-time.js';
import { limitAttempts } from './limits/sign-in-attempts.js';
import type { Phase } from './monitoring/phase.js';
import { createApolloServer } from './operations/apollo.js';
import { createErrorFormatter } from './operations/graphql-errors.js';
import type { OperationReporter } from './operations/operation-log.js';
import { createOperationRules } from './operations/operation-rules.js';
import { createOperations, type OperationResult } from './operations/operations.js';
import type { PersistedOperations } from './operations/persisted-operations.js';
import { createShareable } from './operations/shareable.js';
import { createSharedAnswers } from './operations/shared-answers.js';
import type { Client } from './sign-in/client.js';
import type { SignIn } from './sign-in/sign-in.js';
import { createWebSockets } from './websocket/websocket.js';

/** If a client reads nothing of an answer for this long, the answer and its connection are dropped. */
const UNREAD_TIMEOUT_MS = 20_000;

/** How much longer than the time limit of an operation reading its answer may take. */
const READING_SHARE = 2;

/** What strangers may do. */
export interface Exposure {
  readonly audience: Audience;
  readonly limits: Limits;
  /** Whether clients may query the schema. */
  readonly isSchemaOpen: boolean;
  /** Whether `/` is the console. */
  readonly hasConsole: boolean;
  /** Whether browsers that open GraphQL's address are redirected to the explorer. */
  readonly hasExplorer: boolean;
  /** The allowed operations; null for all. */
  readonly persistedOperations: PersistedOperations | null;
  /** Other sites whose pages may call. */
  readonly corsOrigins: readonly string[];
  /** Addresses and ranges of the proxies in front. */
  readonly trustedProxies: readonly string[];
}

/**
 * GraphQL over HTTP and over WebSockets, on a server that does not listen yet: join the transports with the rules,
 * limits and errors that they share.
 */
export async function createGraphQLServer(options: {
  readonly schema: GraphQLSchema;
  readonly signIn: SignIn;
  readonly clock: Clock;
  readonly exposure: Exposure;
  /** Counts what callers use up; in this process if left out. */
  readonly newLimiter?: NewLimiter | undefined;
  /** Creates new loaders for each operation, whoever sends it. */
  readonly newLoaders: (
    callerKey: string,
  ) => Pick<
    OperationContext,
    'requests' | 'lineages' | 'usualDurations' | 'batches' | 'administration'
  >;
  readonly followSources: OperationContext['followSources'];
  /** How many files and connections the process may open; unknown if left out. */
  readonly fileLimit?: number | null | undefined;
  readonly reportOperation: OperationReporter;
  readonly reportRefusal: RefusalReporter;
  readonly phase: () => Phase;
  readonly logger: Logger;
}) {
  const { schema, clock, exposure, followSources, logger } = options;
  const { reportOperation, reportRefusal } = options;
  const { limits, isSchemaOpen } = exposure;
  limitOperationTime(schema, limits.operationTimeoutMs);
  const rules = createOperationRules(schema, exposure);
  const { requests, starts, failedSignIns, sockets, work, subscriptions } = createCallerLimits(
    limits,
    options.newLimiter,
  );
  const signIn = limitAttempts(options.signIn, failedSignIns, clock);
  const addressOf = createClientAddress(exposure.trustedProxies);
  const formatError = createErrorFormatter(logger, isSchemaOpen);
  const newContext = ({ caller, key }: Client, arrival: Arrival): OperationContext => ({
    ...options.newLoaders(key),
    followSources,
    caller,
    callerKey: key,
    arrival,
    startedAt: performance.now(),
    sharing: { conditions: [], operationName: null },
    takeStarts: (count) => starts.take(key, count),
    reportInternalError: (error) =>
      logger.error({ err: error }, 'A start failed inside the gateway'),
  });

  const apollo = createApolloServer({
    schema,
    rules,
    isShareable: createShareable(schema),
    formatError,
    reportOperation,
    reportRefusal,
    logger,
  });
  await apollo.start();
  const fanOut = createFanOut<OperationResult>(followSources);
  const operations = createOperations({
    schema,
    rules,
    requests,
    work,
    subscriptions,
    apollo,
    log: followSources.log,
    fanOut,
    newContext,
    formatError,
    reportOperation,
  });
  const checkHost = createHostCheck(exposure.audience);
  const checkOrigin = createOriginCheck(exposure.corsOrigins);
  const services = {
    operations,
    signIn,
    clock,
    quota: sockets,
    maxOperations: limits.maxOperationsPerSocket,
  };
  const streams = createHttpStreams(services);
  const webSockets = createWebSockets({
    services: { ...services, reportRefusal },
    maxFrameBytes: limits.maxBodyBytes,
    addressOf,
    check: (request) => checkHost(request) ?? checkOrigin(request),
    onRefused: (refusal, request) =>
      reportRefusal({
        transport: 'websocket',
        ...refusal,
        request,
        from: toAddressKey(addressOf(request)),
      }),
    logger,
  });
  const refuse = createRefuse(reportRefusal, addressOf);
  const httpSignIn = createHttpSignIn(signIn, addressOf, refuse);
  const { server, unreadAnswers } = await createHttpServer({
    apollo,
    answers: createSharedAnswers(),
    reportOperation,
    newContext,
    signIn: httpSignIn,
    texts: rules.texts,
    requests,
    work,
    addressOf,
    maxBodyBytes: limits.maxBodyBytes,
    readingTimes: {
      idleMs: UNREAD_TIMEOUT_MS,
      wholeMs: READING_SHARE * limits.operationTimeoutMs,
    },
    maxConnections: toMaxConnections(limits.maxSockets, options.fileLimit ?? null),
    hasExplorer: exposure.hasExplorer,
    corsOrigins: exposure.corsOrigins,
    hasSignIn: exposure.audience === 'callers',
    checkHost,
    checkOrigin,
    refuse,
    reportRefusal,
    webSockets,
    streamed: createStreamedRequests({ operations, streams, requests, clock, refuse }),
    phase: options.phase,
    logger,
  });
  const connections = trackConnections(server.server);
  return {
    server,
    /** For other pages that are not open to everybody. */
    httpSignIn,
    webSockets,
    streams,
    unreadAnswers,
    fanOut,
    /** Accept nothing new, finish what is in progress, and close every socket. */
    async stop(): Promise<void> {
      // At once: while it closes, the server does not listen, and no new socket can arrive.
      const closed = Promise.all([
        server.close(),
        webSockets.drain(),
        streams.drain(),
        connections.closed(),
      ]);
      // What has arrived before is read and answered.
      const cut = setTimeout(() => connections.cutSilent(), READING_MS);
      await closed;
      clearTimeout(cut);
      await apollo.stop();
    },
    /** Close every connection that is still open, which ends the stop. @returns how many there were */
    cut: () => connections.cut(),
  };
}
