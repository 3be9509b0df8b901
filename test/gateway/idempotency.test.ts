import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusDocument,
  StartIngestionDocument,
  type StartIngestionMutationVariables,
  StartIngestionsDocument,
} from '../generated/operations.js';
import { deleteDatabase } from '../support/log-database.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { lossyMappings, oddMappings, type TestUpstream } from '../support/test-upstream.js';

const { slow } = oddMappings;
/** One mapping for each test, and as many others. */
const MAPPINGS = Array.from({ length: 30 }, (_, index) => [`XDM${index}`, `Other${index}`]);

let upstream: TestUpstream;
let dataDir: string;
let gateway: TestGateway;

/** A new one for each test. */
let mappingId: string;
let otherMappingId: string;
let idempotencyKey: string;
let testCount = 0;
let startCountBefore: number;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'idempotency-'));
  upstream = await startTestUpstream(['running', ...MAPPINGS.flat()]);
  // The second start may be refused for its token and sent again: no test should count that one.
  for (let count = 0; count < 2; count += 1) await upstream.startElsewhere('running');
  gateway = await startOne();
});

beforeEach(() => {
  [mappingId, otherMappingId] = MAPPINGS[testCount] as [string, string];
  idempotencyKey = `order-${testCount}`;
  testCount += 1;
  startCountBefore = countStarts();
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

/**
 * Looks are made when a test asks for one, and by nothing else: while polls go on, all attempts of one look can
 * meet a fault.
 */
const startOne = () =>
  startTestGateway(upstream.config, { dataDir, pollMinMs: 60_000, pollMaxMs: 60_000 });

async function restart(): Promise<void> {
  await gateway.stop();
  gateway = await startOne();
}

async function start(variables: Partial<StartIngestionMutationVariables> = {}) {
  const { data, errors } = await gateway.client.execute(StartIngestionDocument, {
    mappingId,
    idempotencyKey,
    ...variables,
  });
  const outcome = data?.startIngestion;
  const requestId = outcome && 'request' in outcome ? outcome.request.requestId : null;
  return { outcome, requestId, error: errors?.[0] };
}

const codeOf = (outcome: object | null | undefined) =>
  outcome && 'code' in outcome ? outcome.code : null;

const countStarts = () => upstream.calls.filter(({ operation }) => operation === 'start').length;
/** The number of starts that arrived in this test. */
const startCount = () => countStarts() - startCountBefore;

async function startArrived(): Promise<void> {
  while (startCount() < 1) await upstream.arrived(upstream.calls.length + 1);
}

describe('a repeated key', () => {
  const first = [
    ['submitted', 'own', 'IngestionSubmitted'],
    ['already in progress', 'running', 'IngestionAlreadyInProgress'],
    ['not stopped', oddMappings.scheduled, 'MappingNotStopped'],
    ['not published', oddMappings.unpublished, 'MappingNotPublished'],
    ['refused', 'nowhere', 'IngestionRefused'],
  ] as const;

  /** Start one of these mappings, each with its own key. */
  async function startKeyed(mapping: string) {
    const { outcome, requestId } = await start({
      mappingId: mapping === 'own' ? mappingId : mapping,
      idempotencyKey: `${idempotencyKey}-${mapping}`,
    });
    // The request may have changed by the next call.
    return { type: outcome?.__typename, ...outcome, request: null, requestId };
  }

  it.each(first)('returns the first outcome again: %s', async (_title, mapping, type) => {
    await upstream.startElsewhere('running');
    const outcome = await startKeyed(mapping);
    expect(outcome.type).toBe(type);
    const sentCount = startCount();
    expect(await startKeyed(mapping)).toEqual(outcome);
    expect(startCount()).toBe(sentCount);
  });

  it('returns each outcome again after a restart', async () => {
    await upstream.startElsewhere('running');
    const startAll = () => Promise.all(first.map(([_title, mapping]) => startKeyed(mapping)));
    const outcomes = await startAll();
    expect(outcomes.map(({ type }) => type)).toEqual(first.map(([, , type]) => type));
    const sentCount = startCount();
    await restart();
    expect(await startAll()).toEqual(outcomes);
    expect(startCount()).toBe(sentCount);
  });

  it('returns the current state of the request', async () => {
    const { outcome: first, requestId } = await start();
    expect(first).toMatchObject({ request: { status: 'IN_PROGRESS' } });
    await upstream.finish();
    const ref = { mappingId, requestId: requestId ?? '', maxAgeMs: 0 };
    await gateway.client.execute(IngestionStatusDocument, ref);
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      message: `Ingestion request submitted successfully for the Mapping ID: ${mappingId}`,
      request: { requestId, status: 'SUCCESS' },
    });
  });

  it('starts one ingestion for many concurrent calls', async () => {
    await upstream.finish();
    const calls = Array.from({ length: 20 }, () => start({ mappingId: slow }));
    await startArrived();
    calls.push(start({ mappingId: slow }), start({ mappingId: slow }));
    const answers = await Promise.all(calls);
    for (const { outcome } of answers) expect(outcome?.__typename).toBe('IngestionSubmitted');
    expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(1);
    expect(startCount()).toBe(1);
  });

  it('is refused with another mapping or other retries, even during the first call', async () => {
    const others = [{ mappingId: otherMappingId }, { mappingId: slow, retryOnAbort: 1 }];
    const refused = {
      message:
        'This idempotencyKey was used within the last 24 hours for a start with another input. Use a new key for each start.',
      extensions: { code: 'BAD_USER_INPUT' },
    };
    const first = start({ mappingId: slow });
    await startArrived();
    for (const other of others) expect((await start(other)).error).toMatchObject(refused);
    await first;
    for (const other of others) expect((await start(other)).error).toMatchObject(refused);
    expect(startCount()).toBe(1);
  });

  it('has no effect if keys differ or are omitted', async () => {
    const ids = new Set<string | null>();
    for (const key of [`${idempotencyKey}-a`, `${idempotencyKey}-A`, null, null]) {
      ids.add((await start({ idempotencyKey: key })).requestId);
      await upstream.finish();
    }
    expect(ids.has(null)).toBe(false);
    expect(ids.size).toBe(4);
  });

  it.each([
    ['empty', '', 'idempotencyKey must not be empty.'],
    [
      'too long',
      'k'.repeat(256),
      'idempotencyKey must be at most 255 characters long; this one has 256.',
    ],
    [
      'not printable',
      'a\u0000b',
      'idempotencyKey must not contain control characters or broken Unicode.',
    ],
  ])('is refused if it is %s', async (_title, key, message) => {
    expect((await start({ idempotencyKey: key })).error).toMatchObject({
      message,
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect(startCount()).toBe(0);
  });
});

describe('a key in a list', () => {
  const startMany = (inputs: StartIngestionMutationVariables[]) =>
    gateway.client.execute(StartIngestionsDocument, { inputs });

  it('starts one ingestion for inputs that share it', async () => {
    const input = { mappingId, idempotencyKey };
    const { data } = await startMany([input, input]);
    const { requestId } = await start();
    const outcome = { __typename: 'IngestionSubmitted', request: { requestId } };
    expect(requestId).not.toBeNull();
    expect(data?.startIngestions).toMatchObject([outcome, outcome]);
    expect(startCount()).toBe(1);
  });

  it('starts nothing if two inputs share it and differ', async () => {
    const { errors } = await startMany([
      { mappingId, idempotencyKey },
      { mappingId: otherMappingId, idempotencyKey },
    ]);
    expect(errors).toMatchObject([
      {
        message: 'Inputs with the same idempotencyKey must be identical.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(startCount()).toBe(0);
  });

  it('does not affect the others if it was used for something else before', async () => {
    await start();
    const { data } = await startMany([
      { mappingId, idempotencyKey, retryOnAbort: 5 },
      { mappingId: otherMappingId, idempotencyKey: `${idempotencyKey}-other` },
    ]);
    expect(data?.startIngestions).toMatchObject([
      { __typename: 'StartIngestionError', code: 'BAD_USER_INPUT', outcomeUnknown: false },
      { __typename: 'IngestionSubmitted', request: { mappingId: otherMappingId } },
    ]);
  });
});

describe('a first call whose answer was lost', () => {
  const unknownOutcome = { __typename: 'StartIngestionError', outcomeUnknown: true };
  const [lost, namedLater, seenRunning] = lossyMappings;

  it('is resolved and never sent again', async () => {
    const { outcome: first } = await start({ mappingId: lost });
    expect(first).toMatchObject(unknownOutcome);
    const { outcome: second } = await start({ mappingId: lost });
    expect(second).toMatchObject({
      ...unknownOutcome,
      message: expect.stringContaining('is still unknown'),
    });
    expect(codeOf(second)).toBe(codeOf(first));
    await restart();
    expect((await start({ mappingId: lost })).outcome).toMatchObject(unknownOutcome);
    expect(startCount()).toBe(1);
    expect(
      gateway.logLines.filter(({ msg }) => /^It is unknown whether this start/.test(String(msg))),
    ).toEqual([]);
  });

  it('adopts the request that the upstream names in answer to a later start', async () => {
    await start({ mappingId: namedLater });
    await restart();
    const { outcome: later } = await start({ mappingId: namedLater, idempotencyKey: null });
    const requestId = await upstream.startElsewhere(namedLater);
    const request = { requestId, startedAt: expect.any(String) };
    expect(later).toMatchObject({ __typename: 'IngestionAlreadyInProgress', request });
    expect((await start({ mappingId: namedLater })).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request,
    });
  });

  it('adopts the request that somebody saw running since then', async () => {
    await start({ mappingId: seenRunning });
    const requestId = await upstream.startElsewhere(seenRunning);
    const ref = { mappingId: seenRunning, requestId };
    await gateway.client.execute(IngestionStatusDocument, ref);
    expect((await start({ mappingId: seenRunning })).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request: { requestId, startedAt: expect.any(String) },
    });
    expect(startCount()).toBe(1);
  });
});
