import { readdir } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { startEmbeddedUpstream } from '../../src/embedded-upstream.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  readBatches,
  startReceiver,
} from '../campaign/support/running-service.js';
import {
  BatchOfRequestDocument,
  IngestionStatusChangedDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import { silentLogger } from '../support/silent-logger.js';
import { startTestGateway } from '../support/test-gateway.js';

/** A mapping of the column `name` of this file. */
const mapping = (id: string, path: string) =>
  mappingYaml(id, { source: { kind: 'csv', path }, maxRejected: 0 });

describe('the embedded service with a configured Platform', () => {
  it('uploads to it, and batches are looked up there', async () => {
    await using elsewhere = await createWorkspace();
    const receiver = await startReceiver(elsewhere);
    const { url, token, ...tenant } = receiver.settings;
    if (token.kind !== 'clientCredentials') throw new Error('a receiver issues its tokens');
    await using space = await createWorkspace({
      'good.yaml': mapping('good', 'people.csv'),
      'bad.yaml': mapping('bad', 'mallory.csv'),
      'people.csv': peopleCsv(3),
      'mallory.csv': 'id,name\n1,Mallory\n',
    });
    const embedded = await startEmbeddedUpstream(
      {
        ...space,
        faultsFile: null,
        retentionDays: 90,
        environment: {},
        platform: { ...tenant, url: new URL(url), token: { ...token, scopes: ['openid'] } },
      },
      silentLogger,
    );
    expect(embedded.firstMappingId).toBe('bad');
    const gateway = await startTestGateway(embedded.upstream.url.href, {
      upstream: embedded.upstream,
      platform: embedded.platform,
    });
    const { client } = gateway;
    const endOf = async (mappingId: string, requestId: string) => {
      await client.execute(StartIngestionDocument, { mappingId });
      const ref = { mappingId, requestId };
      const events = await client.subscribe(IngestionStatusChangedDocument, ref).completed;
      return events.at(-1)?.data?.ingestionStatusChanged;
    };

    expect(await endOf('good', '1')).toMatchObject({ to: 'SUCCESS', numRecords: 3 });
    expect(Object.values(await readBatches(elsewhere.dataDir)).map((all) => all.length)).toEqual([
      3,
    ]);

    const failed = await endOf('bad', '2');
    expect(failed).toMatchObject({ to: 'FAILED', failure: { code: 'ACP-880096' } });
    const ref = { mappingId: 'bad', requestId: '2' };
    const { data } = await client.execute(BatchOfRequestDocument, ref);
    expect(data?.ingestionStatus?.batch).toMatchObject({
      batchId: failed?.batchId,
      status: 'FAILED',
      numRecords: 1,
      numFailed: 1,
    });

    await gateway.stop();
    await embedded.stop();
    await receiver.stop();
    expect(await readdir(space.dataDir)).toEqual(['campaign']);
  });
});
