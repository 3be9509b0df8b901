import type { Tenant } from './batch-answer.js';
import type { Dataset } from './dataset.js';

/** A dataset in the catalog's form. */
export function toDataSetAnswer(
  { id, name, schema }: Dataset,
  { imsOrg, apiKey, sandboxId }: Tenant,
) {
  return {
    name,
    imsOrg,
    sandboxId,
    version: '1.0.0',
    createdUser: imsOrg,
    updatedUser: imsOrg,
    createdClient: apiKey,
    state: 'ACTIVE',
    tags: { 'adobe/pqs/table': [toTableName(name)] },
    files: `@/dataSetFiles?dataSetId=${id}`,
    ...(typeof schema.$id === 'string'
      ? {
          schemaRef: {
            id: schema.$id,
            contentType: 'application/vnd.adobe.xed-full+json;version=1',
          },
        }
      : {}),
  };
}

/** The name of its table in Query Service, which clients ask for. */
function toTableName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_');
}
