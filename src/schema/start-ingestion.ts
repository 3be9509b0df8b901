import { createUnionType, Field, InputType, Int, InterfaceType, ObjectType } from 'type-graphql';
import type { GatewayError, UpstreamDetails } from '../ingestion/gateway-error.js';
import type { StartOutcome } from '../ingestion/start-sender.js';
import { ErrorCode, toErrorCode } from './error-code.js';
import { IngestionRequest } from './ingestion-request.js';
import { ID } from './scalars.js';

@InputType({ description: 'Which mapping to ingest, and how.' })
export class StartIngestionInput {
  @Field(() => ID, { description: 'The XDM mapping’s id, 1 to 255 characters.' })
  readonly mappingId!: string;

  @Field(() => String, {
    nullable: true,
    description:
      'A name for this start, 1 to 255 characters. Repeating a key (per caller, kept 24 h) returns the first call’s outcome again and starts nothing; with another input it is `BAD_USER_INPUT`. A first call that certainly started nothing (`outcomeUnknown: false`) leaves its key free. If the first call’s outcome is unknown, a repeat checks what this gateway has seen of the mapping since: it returns the request if that settles it, and otherwise another `StartIngestionError` with `outcomeUnknown: true`.',
  })
  readonly idempotencyKey?: string | null;

  @Field(() => Int, {
    nullable: true,
    defaultValue: 0,
    description:
      'How many times a new request may be submitted when one is ABORTED, each after a pause. 0 to 5. Follow it with `retriedBy`.',
  })
  readonly retryOnAbort!: number | null;
}

/** The mapping is being ingested by this request. */
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

  @Field({ description: 'Why, in the upstream’s words if it answered.' })
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
  description:
    'What the upstream said about a failed call. A field is null if the upstream did not say it.',
})
export class UpstreamResponse {
  @Field(() => Int, { nullable: true, description: 'The HTTP status of its answer.' })
  readonly status!: number | null;

  @Field(() => String, { nullable: true, description: 'Its own code, such as `403010`.' })
  readonly errorCode!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'Its id for the call, for its support team.',
  })
  readonly requestId!: string | null;
}

@ObjectType({
  implements: StartIngestionFailure,
  description:
    'The ingestion could not be started, or it is unknown whether it was: `outcomeUnknown` says which.',
})
export class StartIngestionError extends StartIngestionFailure {
  @Field(() => ErrorCode)
  readonly code: ErrorCode;

  @Field({
    description:
      'True if the upstream may have accepted the start: then a second start may ingest twice. The gateway sends nothing again. Repeat the call with the same `idempotencyKey`, or check in Campaign before you start it again.',
  })
  readonly outcomeUnknown: boolean;

  @Field(() => Int, {
    nullable: true,
    description: 'How long to wait before trying again, in milliseconds, if known.',
  })
  readonly retryAfterMs: number | null;

  @Field(() => UpstreamResponse, {
    nullable: true,
    description: 'Null if the upstream didn’t answer, or wasn’t asked.',
  })
  readonly upstream: UpstreamResponse | null;

  constructor(mappingId: string, error: GatewayError) {
    super(mappingId, error.message);
    this.code = toErrorCode(error.code);
    this.outcomeUnknown = error.outcomeUnknown;
    this.retryAfterMs = error.retryAfterMs ?? null;
    this.upstream = toUpstreamResponse(error.upstream);
  }
}

function toUpstreamResponse(details: UpstreamDetails | undefined): UpstreamResponse | null {
  if (!details) return null;
  const { status = null, errorCode = null, requestId = null } = details;
  return { status, errorCode, requestId };
}

/** The possible outcomes of a start, as clients see them. */
export const StartIngestionResult = createUnionType({
  name: 'StartIngestionResult',
  description:
    'The outcome of a start. Every answer that the upstream documents has its own type; everything else is a `StartIngestionError`.',
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

/** Convert an outcome of the domain to its own type. */
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
