import { Arg, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import { checkMayStart, type Right } from '../ingestion/caller.js';
import { BadUserInputError, GatewayError, StartInternalError } from '../ingestion/gateway-error.js';
import { parseIdempotencyKey, parseMappingId } from '../ingestion/request-ref.js';
import type { StartIngestion } from '../ingestion/start-ingestion.js';
import { isSameInput, type StartInput } from '../ingestion/start-intent.js';
import {
  StartIngestionError,
  StartIngestionInput,
  StartIngestionResult,
  toStartIngestionResult,
} from '../schema/start-ingestion.js';
import type { OperationContext } from './operation-context.js';

const MAX_INPUTS = 50;

const MAX_RETRIES = 5;

/** A validated input. */
interface ParsedInput extends StartInput {
  readonly idempotencyKey: string | null;
}

/** The mutations that start ingestions. */
@Resolver()
export class StartIngestionResolver {
  constructor(private readonly begin: StartIngestion) {}

  @Authorized<Right>('ingestion:start')
  @Mutation(() => StartIngestionResult, {
    nullable: true,
    description:
      'Start an ingestion of a mapping, which must be published and stopped. `FORBIDDEN` if the caller may not start it. Whatever happens to the start itself is an outcome. The result is null only if there is an error, which then hides no other field of the operation. The start is sent once. If its answer is lost, the outcome is a `StartIngestionError` with `outcomeUnknown: true`, and nothing is sent again.',
  })
  async startIngestion(
    @Arg('input', () => StartIngestionInput, { description: 'Which mapping to ingest, and how.' })
    input: StartIngestionInput,
    @Ctx() context: OperationContext,
  ): Promise<typeof StartIngestionResult> {
    const parsed = parseInput(input);
    await context.takeStarts(1);
    return this.#start(parsed, context);
  }

  @Authorized<Right>('ingestion:start')
  @Mutation(() => [StartIngestionResult], {
    nullable: 'itemsAndList',
    description:
      'Like `startIngestion`, for each input: one outcome each, in the same order. A failure does not stop the others. If any input is invalid, nothing is started. An item is null only if a field selected on it has an error; the list is null only if it has an error itself.',
  })
  async startIngestions(
    @Arg('inputs', () => [StartIngestionInput], { description: 'At most 50.' })
    inputs: StartIngestionInput[],
    @Ctx() context: OperationContext,
  ): Promise<(typeof StartIngestionResult)[]> {
    if (inputs.length > MAX_INPUTS) {
      throw new BadUserInputError(
        `inputs must have at most ${MAX_INPUTS} items; these are ${inputs.length}.`,
      );
    }
    const parsed = inputs.map(parseInput);
    checkKeys(parsed);
    await context.takeStarts(parsed.length);
    return Promise.all(parsed.map((input) => this.#startOneOfMany(input, context)));
  }

  async #startOneOfMany(
    input: ParsedInput,
    context: OperationContext,
  ): Promise<typeof StartIngestionResult> {
    try {
      return await this.#start(input, context);
    } catch (error) {
      if (error instanceof GatewayError) return new StartIngestionError(input.mappingId, error);
      throw error;
    }
  }

  /** @throws {BadUserInputError | ForbiddenError} nothing was started */
  async #start(
    { idempotencyKey, ...input }: ParsedInput,
    { caller, callerKey, reportInternalError }: OperationContext,
  ): Promise<typeof StartIngestionResult> {
    checkMayStart(caller, input.mappingId);
    const identity = { caller: caller.name, idempotencyKey };
    try {
      return toStartIngestionResult(await this.begin(input, identity, callerKey));
    } catch (error) {
      if (error instanceof BadUserInputError) throw error;
      if (error instanceof GatewayError) return new StartIngestionError(input.mappingId, error);
      reportInternalError(error);
      return new StartIngestionError(input.mappingId, new StartInternalError(error));
    }
  }
}

/** @throws {BadUserInputError} */
function parseInput({ mappingId, idempotencyKey, ...input }: StartIngestionInput): ParsedInput {
  const retryOnAbort = input.retryOnAbort ?? 0;
  if (retryOnAbort < 0 || retryOnAbort > MAX_RETRIES) {
    throw new BadUserInputError(
      `retryOnAbort must be 0 to ${MAX_RETRIES}; this is ${retryOnAbort}.`,
    );
  }
  return {
    mappingId: parseMappingId(mappingId),
    idempotencyKey: idempotencyKey == null ? null : parseIdempotencyKey(idempotencyKey),
    retryOnAbort,
  };
}

/** @throws {BadUserInputError} two inputs share a key but differ */
function checkKeys(inputs: readonly ParsedInput[]): void {
  const inputByKey = new Map<string, ParsedInput>();
  for (const input of inputs) {
    if (input.idempotencyKey === null) continue;
    const first = inputByKey.get(input.idempotencyKey) ?? input;
    if (!isSameInput(first, input)) {
      throw new BadUserInputError('Inputs with the same idempotencyKey must be identical.');
    }
    inputByKey.set(input.idempotencyKey, first);
  }
}
