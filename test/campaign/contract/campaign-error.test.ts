import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from '@jest/globals';
import { documented, seen } from '../support/documented-answer.js';
import { mappingYaml, peopleCsv, useService } from '../support/running-service.js';

const { space, service } = useService({
  'crm.yaml': mappingYaml('XDM44'),
  'people.csv': peopleCsv(15),
});

describe('RST-360011: what Campaign has no words for', () => {
  const campaignError = (http: number) => ({
    ...documented('RST-360011 An error has occurred - please contact your administrator.', http),
    contentType: 'text/plain; charset=utf-8',
  });

  it('a request that there is not', async () => {
    expect(seen(await service.get('XDM44', 999))).toEqual(campaignError(404));
  });

  it('its own failure: its database cannot be written', async () => {
    using writer = new DatabaseSync(join(space.dataDir, 'campaign', 'campaign.db'));
    writer.exec('BEGIN IMMEDIATE');
    expect(seen(await service.post('XDM44'))).toEqual(campaignError(500));
  });
});
