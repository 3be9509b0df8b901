import { afterAll, beforeAll } from '@jest/globals';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from '../../../../test/campaign/support/running-service.js';
import { toUpstream } from '../../../../test/support/faulty-campaign.js';
import { startTestGateway } from '../../../../test/support/test-gateway.js';
import { type Command, type Ended } from './command.js';

/** Run the command in front of a Campaign service that can be administered, one for all tests of the file that calls this. */
export function useAdministration(command: Command): (...args: string[]) => Promise<Ended> {
  const started = new AsyncDisposableStack();
  let url: string;

  beforeAll(async () => {
    const space = started.use(
      await createWorkspace({
        'crm.yaml': mappingYaml('crm'),
        'slow.yaml': mappingYaml('slow', { recordsPerSecond: 0.01 }),
        'people.csv': peopleCsv(3),
      }),
    );
    const service = started.use(await startService(space));
    const gateway = await startTestGateway(service.url, { upstream: toUpstream(service.url) });
    started.defer(() => gateway.stop());
    url = gateway.url;
  });

  afterAll(() => started.disposeAsync());

  return (...args) => command.run(args, { env: { SLUICE_URL: url } }).ended;
}
