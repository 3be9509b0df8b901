import { PlatformError, type PlatformErrorCode } from '../../ingestion/gateway-error.js';
import type { IngestionBatch } from '../../ingestion/ingestion-batch.js';
import type { BatchCatalog } from '../../ingestion/ports.js';
import { type ApiCallerOptions, createApiCaller } from '../upstream/api-caller.js';
import type { CallPlan } from '../upstream/campaign.call.js';
import type { CampaignCall } from '../upstream/campaign.datasource.js';
import { toInvalidAnswer } from '../upstream/campaign.failure.js';
import { requireHeaderText } from '../upstream/campaign.request.js';
import { toStatusFailure } from '../upstream/campaign.status-failure.js';
import { toPlatformError } from './platform.failure.js';
import { type PlatformAddress, parseBatchAnswer, toBatchRequest } from './platform.wire.js';

/** Look-ups are secondary: they must not use up an organization's calls to Platform. */
const MAX_CALLS_PER_SECOND = 20;

/** A call to Platform that has ended. */
export interface PlatformCall {
  readonly operation: 'batch' | 'token';
  /** `OK`, or the code of the failure; for a token, the upstream's code. */
  readonly outcome: 'OK' | 'UNEXPECTED' | PlatformErrorCode | CampaignCall['outcome'];
  /** Including waits, in ms. */
  readonly durationMs: number;
}

/**
 * Create the catalog over Platform's HTTP API. A look-up works like a status call, with its own budget, circuit and
 * token: a failure of Platform does not affect the upstream.
 *
 * @returns also `close`, which cancels all calls in progress, and closes the connections
 * @throws {TypeError} a credential is not valid in a header
 */
export function createPlatformDatasource(
  options: PlatformAddress & ApiCallerOptions & { readonly onCall?: (call: PlatformCall) => void },
): BatchCatalog & { close(): Promise<void> } {
  const { clock, onCall } = options;
  requireHeaderText(options.apiKey, 'API key of Platform');
  requireHeaderText(options.imsOrg, 'organization of Platform');
  requireHeaderText(options.sandbox, 'sandbox of Platform');
  const calls = createApiCaller(options, MAX_CALLS_PER_SECOND, {
    onFetch: (outcome, durationMs) => onCall?.({ operation: 'token', outcome, durationMs }),
  });

  return {
    async find(batchId, caller) {
      // As path segments these mean other places, however they are encoded.
      if (batchId === '.' || batchId === '..') return null;
      const startedAt = clock.monotonicMs();
      let outcome: PlatformCall['outcome'] = 'OK';
      const plan: CallPlan<IngestionBatch | null> = {
        kind: 'status',
        purpose: { kind: 'ask', caller },
        request: toBatchRequest(options, batchId),
        judge(answer) {
          if (answer.status === 404) return null;
          if (answer.status !== 200) return toStatusFailure(answer, 'status');
          try {
            return parseBatchAnswer(answer.body, batchId);
          } catch (error) {
            return toInvalidAnswer(answer, 'status', 'it does not describe this batch', {
              cause: error,
            });
          }
        },
      };
      try {
        return await calls.call(plan);
      } catch (error) {
        const failure = toPlatformError(error);
        outcome = failure instanceof PlatformError ? failure.code : 'UNEXPECTED';
        throw failure;
      } finally {
        onCall?.({ operation: 'batch', outcome, durationMs: clock.monotonicMs() - startedAt });
      }
    },

    /** Cancel all calls in progress, and close the connections. */
    close: calls.close,
  };
}
