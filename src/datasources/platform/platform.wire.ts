import { z } from 'zod';
import type { IngestionBatch } from '../../ingestion/ingestion-batch.js';
import { toFolded } from '../../ingestion/mapping-name.js';
import type { TokenlessRequest } from '../upstream/campaign.request.js';
import { toBasePath } from '../upstream/campaign.request.js';
import { parseWireJson, toCount } from '../upstream/wire-json.js';

/** Where Platform is called, and with which identity. */
export interface PlatformAddress {
  /** Such as `https://platform.adobe.io`; may have a path. */
  readonly url: URL;
  readonly apiKey: string;
  readonly imsOrg: string;
  readonly sandbox: string;
}

/** The request for a batch, without its access token. */
export function toBatchRequest(address: PlatformAddress, batchId: string): TokenlessRequest {
  const id = encodeURIComponent(batchId);
  const path = `${toBasePath(address.url)}/data/foundation/catalog/batches/${id}`;
  return (accessToken) => ({
    method: 'GET',
    path,
    headers: {
      authorization: `Bearer ${accessToken}`,
      'x-api-key': address.apiKey,
      'x-gw-ims-org-id': address.imsOrg,
      'x-sandbox-name': address.sandbox,
      accept: 'application/json',
    },
  });
}

const count = z.unknown().optional().transform(toCount);
const fields = z.record(z.string(), z.unknown()).catch({});
const text = z.union([z.string(), z.number().transform(String)]).catch('');

/** Only the status must be readable. */
const batchAnswer = z.object({
  status: z.string().regex(/\S/),
  // Both forms are documented. The first has more, and may appear later than the second.
  metrics: fields.pipe(
    z.object({ inputRecordCount: count, outputRecordCount: count, failedRecordCount: count }),
  ),
  recordCount: count,
  failedRecordCount: count,
  errors: z
    .array(fields.pipe(z.object({ code: text, description: text, recordCount: count })))
    .catch([]),
});

/**
 * Read the catalog's answer, which is keyed by the batch's id.
 *
 * @throws {z.ZodError} it is not one about this batch
 */
export function parseBatchAnswer(body: string, batchId: string): IngestionBatch {
  const answers = z.record(z.string(), z.unknown()).parse(parseWireJson(body));
  const found = Object.entries(answers).find(([id]) => toFolded(id) === toFolded(batchId));
  const { status, metrics, errors, ...root } = batchAnswer.parse(found?.[1]);
  return {
    batchId,
    status: status.trim(),
    numRecords: metrics.inputRecordCount ?? root.recordCount,
    numIngested: metrics.outputRecordCount,
    numFailed: metrics.failedRecordCount ?? root.failedRecordCount,
    errors: errors.map(({ code, description, recordCount }) => ({
      code,
      description,
      numRecords: recordCount,
    })),
  };
}
