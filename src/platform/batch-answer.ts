import { hash } from 'node:crypto';
import type { Batch } from './batch.js';

/** Whom the receiver belongs to, as its batches show it. */
export interface Tenant {
  readonly imsOrg: string;
  readonly apiKey: string;
  readonly sandboxId: string;
}

/** The id of a sandbox. It is the same after each start, because there is no registry of sandboxes. */
export function toSandboxId(imsOrg: string, sandbox: string): string {
  const digits = hash('sha256', `${imsOrg} ${sandbox}`);
  return digits.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A batch in the catalog's form. Unknown values are left out. */
export function toBatchAnswer(batch: Batch, { imsOrg, apiKey, sandboxId }: Tenant): object {
  const { id, externalId, status, metrics, errors, replay } = batch;
  return {
    id,
    imsOrg,
    sandboxId,
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
    // Clients that list failed batches read this of each.
    ...(errors.length === 0 && status !== 'failed' ? {} : { errors }),
  };
}
