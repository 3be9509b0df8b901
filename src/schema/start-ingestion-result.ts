import { createUnionType, Field, Int, InterfaceType, ObjectType } from 'type-graphql';
import {
  type GatewayError,
  LogUnavailableError,
  StartFaultError,
  UpstreamError,
} from '../ingestion/gateway-error.js';
import type { StartOutcome } from '../ingestion/start-sender.js';
import { IngestionRequest } from './ingestion-request.js';
import { ID } from './scalars.js';

/** The mapping is being ingested, and by this request. */
@ObjectType()
abstract class RunningIngestion {
  @Field(() => IngestionRequest)
  readonly request: IngestionRequest;

  @Field({ description: 'The upstream’s text, verbatim.' })
  readonly message: string;

  constructor(request: IngestionRequest, message: string) {
    this.request = request;
    this.message = message;
  }
}

@ObjectType({ description: 'The ingestion was started; this is its request, watched from now on.' })
export class IngestionSubmitted extends RunningIngestion {}

@ObjectType({
  description: 'The mapping is being ingested already; this is that request, watched from now on.',
})
export class IngestionAlreadyInProgress extends RunningIngestion {}

@InterfaceType({ description: 'No request is known to have been started.' })
export abstract class StartIngestionFailure {
  @Field(() => ID)
  readonly mappingId: string;

  @Field({ description: 'Why; in the upstream’s words where it answered.' })
  readonly message: string;

  constructor(mappingId: string, message: string) {
    this.mappingId = mappingId;
    this.message = message;
  }
}

@ObjectType({
  implements: StartIngestionFailure,
  description: 'The mapping’s scheduled execution must be stopped before it can be triggered.',
})
export class MappingNotStopped extends StartIngestionFailure {}

@ObjectType({
  implements: StartIngestionFailure,
  description: 'The mapping must be published before it can be triggered.',
})
export class MappingNotPublished extends StartIngestionFailure {}

@ObjectType({
  implements: StartIngestionFailure,
  description:
    'The upstream refused in words that its documentation does not list (an unknown mapping, say).',
})
export class IngestionRefused extends StartIngestionFailure {}

@ObjectType({
  implements: StartIngestionFailure,
  description:
    'This one could not be started, or it is unknown whether it was. Only `startIngestions` has this outcome, so that one such failure does not hide the others; `startIngestion` has a GraphQL error in its place.',
})
export class StartIngestionError extends StartIngestionFailure {
  @Field({ description: 'The code that the error of `startIngestion` would have.' })
  readonly code: string;

  @Field({
    description:
      'True where the upstream may have taken the request: then a second start may ingest twice.',
  })
  readonly outcomeUnknown: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'How long to wait before trying again, in milliseconds, where it is known.',
  })
  readonly retryAfterMs: number | null;

  constructor(mappingId: string, error: GatewayError) {
    super(mappingId, error.message);
    const ofUpstream = error instanceof UpstreamError ? error : null;
    const ofGateway =
      error instanceof LogUnavailableError || error instanceof StartFaultError ? error : null;
    this.code = error.code;
    this.outcomeUnknown = (ofUpstream ?? ofGateway)?.outcomeUnknown ?? false;
    this.retryAfterMs = ofUpstream?.retryAfterMs ?? null;
  }
}

/** What a start may come to, as clients see it. */
export const StartIngestionResult = createUnionType({
  name: 'StartIngestionResult',
  description: 'Every answer the upstream documents has its own type.',
  types: () =>
    [
      IngestionSubmitted,
      IngestionAlreadyInProgress,
      MappingNotStopped,
      MappingNotPublished,
      IngestionRefused,
      StartIngestionError,
    ] as const,
});

/** An outcome of the domain as its own type. */
export function toStartIngestionResult(outcome: StartOutcome): typeof StartIngestionResult {
  switch (outcome.kind) {
    case 'submitted':
      return new IngestionSubmitted(new IngestionRequest(outcome.record), outcome.message);
    case 'alreadyInProgress':
      return new IngestionAlreadyInProgress(new IngestionRequest(outcome.record), outcome.message);
    case 'mappingNotStopped':
      return new MappingNotStopped(outcome.mappingId, outcome.message);
    case 'mappingNotPublished':
      return new MappingNotPublished(outcome.mappingId, outcome.message);
    case 'refused':
      return new IngestionRefused(outcome.mappingId, outcome.message);
  }
}
