import {
  IngestionLineageDocument,
  IngestionStatusChangedDocument,
  StartIngestionDocument,
} from '../generated/operations.js';
import type { TestGateway } from './test-gateway.js';

/**
 * Questions of the `retryOnAbort` tests about requests of one mapping.
 *
 * @param at - returns the current gateway and mapping, because tests change both
 */
export function askAboutRetries(
  at: () => { readonly gateway: TestGateway; readonly mappingId: string },
) {
  const toRef = (requestId: string) => ({ mappingId: at().mappingId, requestId });
  return {
    toRef,

    start(retryOnAbort: number, idempotencyKey: string | null = null) {
      const { gateway, mappingId } = at();
      const variables = { mappingId, retryOnAbort, idempotencyKey };
      return gateway.client.execute(StartIngestionDocument, variables);
    },

    /** All transitions of a request, once it has ended. */
    async untilEnd(requestId: string): Promise<(string | undefined)[]> {
      const { client } = at().gateway;
      const events = await client.subscribe(IngestionStatusChangedDocument, toRef(requestId))
        .completed;
      return events.map(({ data }) => data?.ingestionStatusChanged.to);
    },

    /** Of each request: its attempt, the request that it retries, and the request that retried it. */
    async lineage(...requestIds: string[]) {
      const { data } = await at().gateway.client.execute(IngestionLineageDocument, {
        requests: requestIds.map(toRef),
      });
      return data?.ingestionStatuses.map((request) => [
        request?.attempt,
        request?.retryOf?.requestId ?? null,
        request?.retriedBy?.requestId ?? null,
      ]);
    },
  };
}
