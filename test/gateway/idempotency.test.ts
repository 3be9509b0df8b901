import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
  type StartIngestionMutationVariables,
  StartIngestionsDocument,
} from '../generated/operations.js';
import { deleteDatabase } from '../support/log-database.js';
import { startTestUpstream } from '../support/start-test-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../support/test-upstream.js';

const mappingId = 'XDM44';
const idempotencyKey = 'order-1';
const { lossy, slow } = oddMappings;

let upstream: TestUpstream;
let dataDir: string;
let gateway: TestGateway;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'idempotency-'));
  upstream = await startTestUpstream();
  gateway = await startTestGateway(upstream.config, { dataDir });
});

afterEach(async () => {
  await gateway.stop();
  await upstream.close();
  await deleteDatabase(dataDir);
});

async function restart(): Promise<void> {
  await gateway.stop();
  gateway = await startTestGateway(upstream.config, { dataDir });
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

/** How many starts have arrived; one that was refused for its token came twice. */
const startCount = () => upstream.calls.filter(({ operation }) => operation === 'start').length;

describe('a repeated key', () => {
  it.each([
    ['submitted', mappingId, 'IngestionSubmitted'],
    ['already in progress', 'TestDoc', 'IngestionAlreadyInProgress'],
    ['not stopped', oddMappings.scheduled, 'MappingNotStopped'],
    ['not published', oddMappings.unpublished, 'MappingNotPublished'],
    ['refused', 'nowhere', 'IngestionRefused'],
  ])('gives the first outcome again: %s; after a restart too', async (_title, mapping, type) => {
    await upstream.startElsewhere('TestDoc');
    const { outcome: first } = await start({ mappingId: mapping });
    expect(first?.__typename).toBe(type);
    const sentCount = startCount();
    const { request: _first, ...same } = { request: null, ...first };
    expect((await start({ mappingId: mapping })).outcome).toMatchObject(same);
    await restart();
    expect((await start({ mappingId: mapping })).outcome).toMatchObject(same);
    expect(startCount()).toBe(sentCount);
  });

  it('gives the request as it stands now', async () => {
    const { outcome: first, requestId } = await start();
    expect(first).toMatchObject({ request: { status: 'IN_PROGRESS' } });
    await upstream.finish();
    const ref = { mappingId, requestId: requestId ?? '' };
    await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    expect((await start()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      message: 'Ingestion request submitted successfully for the Mapping ID: XDM44',
      request: { requestId, status: 'SUCCESS' },
    });
  });

  it('starts one when many calls come at once', async () => {
    const calls = Array.from({ length: 20 }, () => start({ mappingId: slow }));
    await upstream.arrived(1);
    calls.push(start({ mappingId: slow }), start({ mappingId: slow }));
    const answers = await Promise.all(calls);
    for (const { outcome } of answers) expect(outcome?.__typename).toBe('IngestionSubmitted');
    expect(new Set(answers.map(({ requestId }) => requestId)).size).toBe(1);
    expect(startCount()).toBe(1);
  });

  it.each([
    ['another mapping', { mappingId: 'TestDoc' }],
    ['other retries', { mappingId: slow, retryOnAbort: 1 }],
  ])('is refused with %s, also while the first call runs', async (_title, other) => {
    const refused = {
      message:
        'This idempotencyKey was used within the last 24 hours for a start with another input. Use a key of its own for each start.',
      extensions: { code: 'BAD_USER_INPUT' },
    };
    const first = start({ mappingId: slow });
    await upstream.arrived(1);
    expect((await start(other)).error).toMatchObject(refused);
    await first;
    expect((await start(other)).error).toMatchObject(refused);
    expect(startCount()).toBe(1);
  });

  it('stands for nothing where keys differ, or are left out', async () => {
    const ids = new Set<string | null>();
    for (const key of ['a', 'A', null, null]) {
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
  ])('is refused where it is %s', async (_title, key, message) => {
    expect((await start({ idempotencyKey: key })).error).toMatchObject({
      message,
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect(upstream.calls).toHaveLength(0);
  });
});

describe('a key in a list', () => {
  const startMany = (inputs: StartIngestionMutationVariables[]) =>
    gateway.client.execute(StartIngestionsDocument, { inputs });

  it('starts one for inputs that share it', async () => {
    const input = { mappingId, idempotencyKey };
    const { data } = await startMany([input, input]);
    const outcome = { __typename: 'IngestionSubmitted', request: { requestId: '3520' } };
    expect(data?.startIngestions).toMatchObject([outcome, outcome]);
    expect(startCount()).toBe(1);
  });

  it('starts nothing where two inputs share it and differ', async () => {
    const { errors } = await startMany([
      { mappingId, idempotencyKey },
      { mappingId: 'TestDoc', idempotencyKey },
    ]);
    expect(errors).toMatchObject([
      {
        message: 'Inputs with one idempotencyKey must be the same.',
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(upstream.calls).toHaveLength(0);
  });

  it('does not stop the others where it was used before for something else', async () => {
    await start();
    const { data } = await startMany([
      { mappingId, idempotencyKey, retryOnAbort: 5 },
      { mappingId: 'TestDoc', idempotencyKey: 'other' },
    ]);
    expect(data?.startIngestions).toMatchObject([
      { __typename: 'StartIngestionError', code: 'BAD_USER_INPUT', outcomeUnknown: false },
      { __typename: 'IngestionSubmitted', request: { mappingId: 'TestDoc' } },
    ]);
  });
});

describe('a first call whose answer was lost', () => {
  const unknownOutcome = { extensions: expect.objectContaining({ outcomeUnknown: true }) };
  const startLossy = (key: string | null = idempotencyKey) =>
    start({ mappingId: lossy, idempotencyKey: key });

  it('is looked into and never sent again', async () => {
    const { error: first } = await startLossy();
    expect(first).toMatchObject(unknownOutcome);
    const { error: second } = await startLossy();
    expect(second).toMatchObject({
      ...unknownOutcome,
      message: expect.stringContaining('is still unknown'),
    });
    expect(second?.extensions?.code).toBe(first?.extensions?.code);
    await restart();
    expect((await startLossy()).error).toMatchObject(unknownOutcome);
    expect(startCount()).toBe(1);
    expect(gateway.logLines.filter(({ msg }) => /^Whether this start/.test(String(msg)))).toEqual(
      [],
    );
  });

  it('has the request that the upstream names to a later start', async () => {
    await startLossy();
    await restart();
    const { outcome: later } = await startLossy(null);
    const request = { requestId: '3520', startedAt: expect.any(String) };
    expect(later).toMatchObject({ __typename: 'IngestionAlreadyInProgress', request });
    expect((await startLossy()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request,
    });
  });

  it('has the request that somebody saw running since then', async () => {
    await startLossy();
    const ref = { mappingId: lossy, requestId: '3520' };
    await gateway.client.execute(IngestionStatusDocument, ref);
    expect((await startLossy()).outcome).toMatchObject({
      __typename: 'IngestionSubmitted',
      request: { requestId: '3520', startedAt: expect.any(String) },
    });
    expect(startCount()).toBe(1);
  });
});
