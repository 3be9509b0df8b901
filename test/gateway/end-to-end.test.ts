import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parse as parseCsv } from 'csv-parse/sync';
import { parse as parseYaml } from 'yaml';
import { startEmbeddedUpstream } from '../../src/embedded-upstream.js';
import { createWorkspace, mappingYaml, readBatches } from '../campaign/support/running-service.js';
import {
  BatchOfRequestDocument,
  IngestionActivityDocument,
  IngestionStatusChangedDocument,
  IngestionStatusDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { silentLogger } from '../support/silent-logger.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

/** The gateway in front of the embedded service, as `npm start` joins them, but faster. */
async function startBoth(files: Record<string, string>) {
  const space = await createWorkspace(files);
  const embedded = await startEmbeddedUpstream(
    { ...space, faultsFile: null, retentionDays: 90, environment: {}, platform: null },
    silentLogger,
  );
  const gateway = await startTestGateway(embedded.upstream.url.href, {
    upstream: embedded.upstream,
    platform: embedded.platform,
  });
  return {
    gateway,
    dataDir: space.dataDir,
    async stop() {
      await gateway.stop();
      await embedded.stop();
      await space[Symbol.asyncDispose]();
    },
  };
}

/** A shipped sample with its records unchanged, but faster. */
async function sampleFiles(name = 'crm-profiles'): Promise<Record<string, string>> {
  const mapping: unknown = parseYaml(await readFile(`mappings/${name}.yaml`, 'utf8'));
  const csv = await readFile('mappings/sources/crm-profiles.csv', 'utf8');
  const source = { kind: 'csv', path: 'crm-profiles.csv' };
  const quick = { ...(mapping as object), source, recordsPerSecond: 2_000 };
  return { [`${name}.yaml`]: JSON.stringify(quick), 'crm-profiles.csv': csv };
}

interface Profile {
  readonly _id: string;
  readonly personalEmail?: { readonly address: string };
}

describe('an ingestion of the sample mapping', () => {
  let both: Awaited<ReturnType<typeof startBoth>>;
  let gateway: TestGateway;

  beforeEach(async () => {
    both = await startBoth(await sampleFiles());
    ({ gateway } = both);
  });

  afterEach(() => both.stop());

  it('starts, is watched to its end, and delivers exactly the records of the file', async () => {
    const mappingId = 'crm-profiles';
    const activity = gateway.client.subscribe(IngestionActivityDocument, {
      mappingIds: [mappingId],
    });
    const { data } = await gateway.client.execute(StartIngestionDocument, { mappingId });
    if (data?.startIngestion?.__typename !== 'IngestionSubmitted') throw new Error('not submitted');
    const { requestId } = data.startIngestion.request;

    const again = await gateway.client.execute(StartIngestionDocument, { mappingId });
    expect(again.data?.startIngestion).toMatchObject({
      __typename: 'IngestionAlreadyInProgress',
      request: { requestId },
    });

    const rows = parseCsv(await readFile('mappings/sources/crm-profiles.csv'), {
      columns: true,
    }) as Record<string, string>[];
    const ref = { mappingId, requestId };
    const events = await gateway.client.subscribe(IngestionStatusChangedDocument, ref).completed;
    expect(events.map(({ data }) => data?.ingestionStatusChanged)).toMatchObject([
      { from: null, to: 'IN_PROGRESS' },
      { from: 'IN_PROGRESS', to: 'SUCCESS', numRecords: rows.length },
    ]);
    expect(activity.events.length).toBeGreaterThan(0);

    const records = Object.values(await readBatches(both.dataDir)).flat() as Profile[];
    expect(records.map(({ _id, personalEmail }) => [_id, personalEmail?.address ?? ''])).toEqual(
      rows.map(({ customer_id, email }) => [customer_id, email]),
    );
  });

  it('is unknown under another mapping', async () => {
    await gateway.client.execute(StartIngestionDocument, { mappingId: 'crm-profiles' });
    const { data } = await gateway.client.execute(IngestionStatusDocument, {
      mappingId: 'other',
      requestId: '1',
    });
    expect(data).toEqual({ ingestionStatus: null });
  });
});

describe('the embedded service', () => {
  const cases: [string, Record<string, unknown>, Record<string, unknown>][] = [
    [
      'a mapping that is not stopped',
      { execution: 'started' },
      { __typename: 'MappingNotStopped' },
    ],
    [
      'a mapping that is not published',
      { publication: 'unpublished' },
      { __typename: 'MappingNotPublished' },
    ],
    ['an unknown mapping', { id: 'other' }, { __typename: 'IngestionRefused' }],
  ];

  it.each(cases)('refuses %s', async (_what, changes, outcome) => {
    const both = await startBoth({
      'm.yaml': mappingYaml('M', changes),
      'people.csv': 'id,name\n',
    });
    const { data, errors } = await both.gateway.client.execute(StartIngestionDocument, {
      mappingId: 'M',
    });
    await both.stop();
    expect(errors).toBeUndefined();
    expect(data?.startIngestion).toMatchObject({ ...outcome, mappingId: 'M' });
  });

  it('fails a run whose source it cannot read, and says why', async () => {
    const both = await startBoth({
      'm.yaml': mappingYaml('M', { source: { kind: 'csv', path: 'gone.csv' } }),
    });
    const { client } = both.gateway;
    await client.execute(StartIngestionDocument, { mappingId: 'M' });
    const ref = { mappingId: 'M', requestId: '1' };
    const events = await client.subscribe(IngestionStatusChangedDocument, ref).completed;
    await both.stop();
    expect(events.at(-1)?.data?.ingestionStatusChanged).toMatchObject({
      to: 'FAILED',
      batchId: null,
      failure: { code: 'ACP-880056', isRetryable: true },
    });
  });

  it('fails a run that Platform refuses, and reports the issues of the records', async () => {
    const mappingId = 'crm-profiles-refused';
    const both = await startBoth(await sampleFiles(mappingId));
    const { client } = both.gateway;
    await client.execute(StartIngestionDocument, { mappingId });
    const ref = { mappingId, requestId: '1' };
    const events = await client.subscribe(IngestionStatusChangedDocument, ref).completed;
    const { data } = await client.execute(BatchOfRequestDocument, ref);
    await both.stop();
    const failed = events.at(-1)?.data?.ingestionStatusChanged;
    expect(failed).toMatchObject({ to: 'FAILED', failure: { code: 'ACP-880096' } });
    expect(data?.ingestionStatus?.batch).toMatchObject({
      batchId: failed?.batchId,
      status: 'FAILED',
      numRecords: 2_000,
      numIngested: 0,
      numFailed: 2_000,
      errors: [
        { code: 'INGEST-1212-400', numRecords: null },
        { code: 'INGEST-1556-400', numRecords: 2_000 },
      ],
    });
  });
});
