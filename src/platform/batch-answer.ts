import type { Batch } from './batch.js';

/** Who the receiver belongs to, as its batches show it. */
export interface Tenant {
  readonly imsOrg: string;
  readonly apiKey: string;
}

/** A batch in the catalog's form. What is not known yet is left out. */
export function toBatchAnswer(batch: Batch, { imsOrg, apiKey }: Tenant): object {
  const { id, externalId, status, metrics, errors, replay } = batch;
  return {
    id,
    imsOrg,
    externalId,
    status,
    created: batch.createdAt,
    updated: batch.updatedAt,
    ...(batch.startedAt === null ? {} : { started: batch.startedAt }),
    ...(batch.completedAt === null ? {} : { completed: batch.completedAt }),
    relatedObjects: [{ type: 'dataSet', id: batch.dataSetId }],
    version: `1.0.${batch.revision}`,
    tags: {
      ...batch.tags,
      acp_enableErrorDiagnostics: batch.hasErrorDiagnostics,
      acp_partialIngestionPercent: batch.partialIngestionPercent,
    },
    ...(replay === null ? {} : { replay }),
    inputFormat: { format: 'json', isMultiLineJson: batch.isMultiLineJson },
    createdUser: imsOrg,
    updatedUser: imsOrg,
    createdClient: apiKey,
    ...(metrics === null ? {} : { metrics }),
    ...(errors.length === 0 ? {} : { errors }),
  };
}
