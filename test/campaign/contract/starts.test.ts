import { describe, expect, it } from '@jest/globals';
import { documented, ENDLESS, seen, submit } from '../support/documented-answer.js';
import { mappingYaml, peopleCsv, useService } from '../support/running-service.js';

const { service } = useService({
  'crm.yaml': mappingYaml('XDM44'),
  'endless.yaml': mappingYaml('endless', ENDLESS),
  'started.yaml': mappingYaml('started'),
  'unpublished.yaml': mappingYaml('unpublished'),
  'people.csv': peopleCsv(15),
});

describe('POST: what a start is answered', () => {
  it('submitted', async () => {
    expect(seen(await service.post('XDM44'))).toEqual(
      documented({
        requestId: expect.any(Number),
        info: 'Ingestion request submitted successfully for the Mapping ID: XDM44',
        status: 'Success',
      }),
    );
  });

  it('already running', async () => {
    const requestId = await submit(service, 'endless');
    expect(seen(await service.post('endless'))).toEqual(
      documented({
        requestId,
        info: 'Ingestion request already in progress for the Mapping ID: endless',
        status: 'In Progress',
      }),
    );
  });

  it('mapping not stopped: an administrator has started it', async () => {
    await service.admin('/mappings/started/start', '');
    expect(seen(await service.post('started'))).toEqual(
      documented({
        info: 'Unable to submit data ingestion request, XDM Mapping ID: started is not stopped',
        status: 'Failed',
      }),
    );
  });

  it('mapping not published: an administrator has unpublished it', async () => {
    await service.admin('/mappings/unpublished/unpublish', '');
    expect(seen(await service.post('unpublished'))).toEqual(
      documented({
        info: 'Unable to submit data ingestion request, XDM Mapping ID: unpublished is not published',
        status: 'Failed',
      }),
    );
  });
});
