import { z } from 'zod';
import type { IngestionBatch } from '../ingestion/ingestion-batch.js';
import type { TokenlessRequest } from './campaign.request.js';
import { toBasePath } from './campaign.request.js';
import { parseWireJson } from './wire-json.js';

/** Where and as whom Platform is asked. */
export interface PlatformAddress {
  /** Such as `https://platform.adobe.io`; may have a path. */
  readonly url: URL;
  readonly apiKey: string;
  readonly imsOrg: string;
  readonly sandbox: string;
}

/** The request for a batch, still lacking its access token. */
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

const count = z.int().nonnegative();

const batchAnswer = z.object({
  status: z.string().min(1),
  // Both forms are documented; the first has more, and may be there later than the second.
  metrics: z
    .object({ inputRecordCount: count, outputRecordCount: count, failedRecordCount: count })
    .partial()
    .optional(),
  recordCount: count.optional(),
  failedRecordCount: count.optional(),
  errors: z
    .array(
      z.object({
        code: z.union([z.string(), z.number().transform(String)]),
        description: z.string().default(''),
        recordCount: count.optional(),
      }),
    )
    .default([]),
});

/**
 * Read the catalog's answer, which is keyed by the batch's id.
 *
 * @throws {z.ZodError} it is not one about this batch
 */
export function parseBatchAnswer(body: string, batchId: string): IngestionBatch {
  const answers = z.record(z.string(), z.unknown()).parse(parseWireJson(body));
  const { status, metrics, errors, ...root } = batchAnswer.parse(answers[batchId]);
  return {
    id: batchId,
    status,
    recordCount: metrics?.inputRecordCount ?? root.recordCount ?? null,
    ingestedCount: metrics?.outputRecordCount ?? null,
    failedCount: metrics?.failedRecordCount ?? root.failedRecordCount ?? null,
    errors: errors.map(({ code, description, recordCount }) => ({
      code,
      description,
      count: recordCount ?? null,
    })),
  };
}
