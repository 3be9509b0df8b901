import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { startEmbeddedUpstream } from '../../src/embedded-upstream.js';
import { createLogger } from '../../src/process/logger.js';
import { createWorkspace, mappingYaml, peopleCsv } from '../campaign/support/running-service.js';
import { StartIngestionDocument } from '../generated/operations.js';
import { startTestGateway } from '../support/test-gateway.js';

const PLAN = 'faults:\n  - { on: start, mapping: M, when: { nth: 1 }, do: loseAnswer }\n';

describe('injected faults in the embedded service', () => {
  it('are visible through the gateway, and in the log', async () => {
    await using space = await createWorkspace({
      'm.yaml': mappingYaml('M'),
      'people.csv': peopleCsv(1),
    });
    const faultsFile = join(space.mappingsDir, '..', 'faults.yml');
    await writeFile(faultsFile, PLAN);
    const logged: { level: number; msg: string }[] = [];
    const embedded = await startEmbeddedUpstream(
      { ...space, faultsFile, retentionDays: 90, environment: {}, platform: null },
      createLogger('warn', { write: (line) => void logged.push(JSON.parse(line)) }),
    );
    const gateway = await startTestGateway(embedded.upstream.url.href, {
      upstream: embedded.upstream,
    });
    const start = () => gateway.client.execute(StartIngestionDocument, { mappingId: 'M' });

    expect((await start()).data?.startIngestion).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      outcomeUnknown: true,
    });
    expect((await start()).data?.startIngestion).toHaveProperty('request.requestId');

    await gateway.stop();
    await embedded.stop();
    expect(logged.slice(0, 1)).toMatchObject([
      { level: 40, msg: 'faults are on: calls go wrong on purpose', rules: 1 },
    ]);
  });
});
