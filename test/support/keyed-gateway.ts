import { afterEach, beforeEach, expect } from '@jest/globals';
import type { ReportedState } from '../../src/ingestion/ingestion-request.js';
import { type ApiKey, newApiKey } from '../../src/server/sign-in/api-keys.js';
import { createSignIn, type KeyedSignIn } from '../../src/server/sign-in/sign-in.js';
import { publicExposure } from './exposure.js';
import { createManualClock, type ManualClock, settle } from './manual-clock.js';
import { type PushedGateway, startPushedGateway } from './pushed-gateway.js';
import { silentLogger } from './silent-logger.js';
import { postOperation, readStream, type StreamReader, sse } from './stream-reader.js';

/** A subscription to whatever is appended. */
export const ACTIVITY = 'subscription Activity { ingestionActivity { to cursor } }';

/** When the key `short` expires. */
export const MINUTE_MS = 60_000;

/** A request that runs. */
export const running: ReportedState = { status: 'IN_PROGRESS', info: '', batchId: null };

/** The keys of the caller `page`, of which two expire, and one of `other`. */
export const keys = {
  lasting: newApiKey(),
  brief: newApiKey(),
  short: newApiKey(),
  other: newApiKey(),
};

/** The entry that accepts a key. */
export const toEntry = (
  name: string,
  { sha256 }: { sha256: string },
  expiresAt: number | null,
): ApiKey => ({
  name,
  sha256,
  rights: ['ingestion:read'],
  expiresAt,
  mappings: { kind: 'all' },
});

/** The header that presents a key. */
export const as = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` });

/** An operation for a shared stream. */
export const toOperation = (query: string, operationId = '1') => ({
  query,
  extensions: { operationId },
});

/** Wait for something that happens after what a client sees. */
export async function until(read: () => boolean): Promise<void> {
  while (!read()) await settle();
}

/** A gateway that each test starts anew; its callers have keys, and the test drives its clock. */
export interface KeyedGateway
  extends Pick<
    PushedGateway,
    'url' | 'log' | 'fanOut' | 'streams' | 'reports' | 'operationCount' | 'stop'
  > {
  readonly clock: ManualClock;
  readonly signIn: KeyedSignIn;
  /** Where streams are opened. */
  readonly streamUrl: string;
  start(limits?: Partial<typeof publicExposure.limits>): Promise<void>;
  append(requestId: string, seen?: ReportedState): Promise<void>;
  /** Read a stream, which is closed after the test. */
  read(response: Response): StreamReader;
  /** Reserve a stream. */
  reserve(credentials?: Record<string, string>): Promise<string>;
  openShared(token: string): Promise<StreamReader>;
  /** Send an operation to a shared stream. */
  operate(token: string, body: unknown, credentials?: Record<string, string>): Promise<Response>;
  /** Wait until nothing is open and nothing is left of it. */
  untilNothingIsLeft(): Promise<void>;
}

/** A clock, keys and a gateway for each test of the file that calls this. */
export function useKeyedGateway(): KeyedGateway {
  let gateway: PushedGateway;
  let clock: ManualClock;
  let signIn: KeyedSignIn;
  let readers: StreamReader[];

  beforeEach(async () => {
    clock = createManualClock();
    const apiKeys = [
      toEntry('page', keys.lasting, null),
      toEntry('page', keys.brief, clock.now() + 60 * MINUTE_MS),
      toEntry('page', keys.short, clock.now() + MINUTE_MS),
      toEntry('other', keys.other, null),
    ];
    signIn = createSignIn({ accessTokens: null, apiKeys }, clock, silentLogger);
    readers = [];
  });

  afterEach(async () => {
    await Promise.all(readers.map((reader) => reader.leave().catch(() => {})));
    await gateway.stop();
  });

  const toStreamUrl = () => `${gateway.url}/graphql/stream`;

  function read(response: Response): StreamReader {
    const reader = readStream(response);
    readers.push(reader);
    return reader;
  }

  return {
    get url() {
      return gateway.url;
    },
    get streamUrl() {
      return toStreamUrl();
    },
    get log() {
      return gateway.log;
    },
    get fanOut() {
      return gateway.fanOut;
    },
    get streams() {
      return gateway.streams;
    },
    get reports() {
      return gateway.reports;
    },
    get operationCount() {
      return gateway.operationCount;
    },
    get clock() {
      return clock;
    },
    get signIn() {
      return signIn;
    },
    stop: () => gateway.stop(),
    async start(limits = {}) {
      const exposure = {
        ...publicExposure,
        corsOrigins: ['https://app.test'],
        limits: { ...publicExposure.limits, ...limits },
      };
      gateway = await startPushedGateway({ clock, signIn, exposure });
    },
    async append(requestId, seen = running) {
      await gateway.log.append({ ref: { mappingId: 'crm', requestId }, seen, observedAt: 1 });
    },
    read,
    async reserve(credentials = as(keys.lasting)) {
      const response = await fetch(toStreamUrl(), { method: 'PUT', headers: credentials });
      expect(response.status).toBe(201);
      return response.text();
    },
    openShared: async (token) =>
      read(await fetch(`${toStreamUrl()}?token=${token}`, { headers: sse })),
    operate: (token, body, credentials = as(keys.lasting)) =>
      postOperation(toStreamUrl(), body, { ...credentials, 'x-graphql-event-stream-token': token }),
    untilNothingIsLeft: () =>
      until(() => gateway.streams.streamCount === 0 && gateway.fanOut.followerCount === 0),
  };
}
