import { Arg, Mutation, Resolver } from 'type-graphql';
import { BadUserInputError, UpstreamError } from '../ingestion/gateway-error.js';
import type { Clock, Upstream, Watches } from '../ingestion/ports.js';
import { parseMappingId } from '../ingestion/request-ref.js';
import { startIngestion } from '../ingestion/start-ingestion.js';
import { StartIngestionInput } from '../schema/start-ingestion-input.js';
import {
  StartIngestionError,
  StartIngestionResult,
  toStartIngestionResult,
} from '../schema/start-ingestion-result.js';

const MAX_INPUTS = 50;

/** Starting ingestions. */
@Resolver()
export class StartIngestionResolver {
  constructor(
    private readonly domain: {
      readonly upstream: Upstream;
      readonly watches: Watches;
      readonly clock: Clock;
    },
  ) {}

  @Mutation(() => StartIngestionResult, {
    description:
      'Start an ingestion of a mapping, which must be published and stopped. The upstream is asked once; where its answer was lost, the error carries `outcomeUnknown: true` and nothing is sent again.',
  })
  async startIngestion(
    @Arg('input', () => StartIngestionInput) input: StartIngestionInput,
  ): Promise<typeof StartIngestionResult> {
    const mappingId = parseMappingId(input.mappingId);
    return toStartIngestionResult(await startIngestion(this.domain, mappingId));
  }

  @Mutation(() => [StartIngestionResult], {
    description:
      'At most 50; one outcome each, in order; one failing does not stop the others. If any input is not valid, nothing is started.',
  })
  async startIngestions(
    @Arg('inputs', () => [StartIngestionInput]) inputs: StartIngestionInput[],
  ): Promise<(typeof StartIngestionResult)[]> {
    if (inputs.length > MAX_INPUTS) {
      throw new BadUserInputError(
        `inputs must have at most ${MAX_INPUTS} items; these are ${inputs.length}.`,
      );
    }
    const mappingIds = inputs.map(({ mappingId }) => parseMappingId(mappingId));
    return Promise.all(mappingIds.map((mappingId) => this.#startOneOfMany(mappingId)));
  }

  async #startOneOfMany(mappingId: string): Promise<typeof StartIngestionResult> {
    try {
      return toStartIngestionResult(await startIngestion(this.domain, mappingId));
    } catch (error) {
      if (error instanceof UpstreamError) return new StartIngestionError(mappingId, error);
      throw error;
    }
  }
}
