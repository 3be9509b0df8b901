import type { IngestionRecord } from './ingestion-request.js';
import type { Clock, Upstream, Watches } from './ports.js';
import type { Submission } from './submission.js';

/** What a start came to: a request that is watched from now on, or a refusal. `message` is the upstream's. */
export type StartOutcome =
  | {
      readonly kind: 'submitted' | 'alreadyInProgress';
      readonly record: IngestionRecord;
      readonly message: string;
    }
  | {
      readonly kind: 'mappingNotStopped' | 'mappingNotPublished' | 'refused';
      readonly mappingId: string;
      readonly message: string;
    };

/**
 * Start an ingestion of a mapping. The upstream is asked once; a request that it names is observed as
 * IN_PROGRESS, the answer to the start being the first that is heard of it.
 *
 * @throws {UpstreamError} with `outcomeUnknown` where the upstream may have taken the request
 */
export async function startIngestion(
  { upstream, watches, clock }: { upstream: Upstream; watches: Watches; clock: Clock },
  mappingId: string,
): Promise<StartOutcome> {
  const submission = await upstream.start(mappingId);
  switch (submission.kind) {
    case 'submitted':
      return observed(submission, clock.now());
    case 'alreadyInProgress':
      return observed(submission);
    case 'mappingNotStopped':
    case 'mappingNotPublished':
    case 'refused':
      return { kind: submission.kind, mappingId, message: submission.info };
  }

  async function observed(
    { kind, requestId, info }: Extract<Submission, { requestId: string }>,
    startedAt?: number,
  ): Promise<StartOutcome> {
    const ref = { mappingId, requestId };
    const seen = { status: 'IN_PROGRESS', info, batchId: null } as const;
    return { kind, record: await watches.observe(ref, seen, startedAt), message: info };
  }
}
