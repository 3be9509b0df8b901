import type { ApolloServer } from '@apollo/server';
import {
  createSourceEventStream,
  type ExecutionArgs,
  execute,
  GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  OperationTypeNode,
} from 'graphql';
import type { SubscribePayload } from 'graphql-ws';
import type { IngestionLog } from '../../ingestion/ports.js';
import type { Transition } from '../../ingestion/transition.js';
import type { Arrival, OperationContext } from '../../resolvers/operation-context.js';
import type { FanOut, FollowHandle, Outlet } from '../../watch/fan-out.js';
import { hasEnded, Place } from '../../watch/follow.js';
import { readWithRetries } from '../../watch/read-with-retries.js';
import type { Allowance } from '../limits/allowance.js';
import type { Quota } from '../limits/quota.js';
import type { Client } from '../sign-in/client.js';
import { createDocuments, type PreparedOperation } from './documents.js';
import { boundErrors } from './error-bounds.js';
import { type ErrorFormatter, toFormattedError } from './graphql-errors.js';
import { type OperationReport, type OperationReporter, toErrorCodes } from './operation-log.js';
import type { OperationRules } from './operation-rules.js';
import { toSubscriptionKey } from './subscription-key.js';

/** An operation that may be executed, and its cost. */
interface PricedOperation extends PreparedOperation {
  readonly cost: number;
}

/** An execution result as clients get it. */
export interface OperationResult {
  /** Its JSON, with formatted errors, as bytes that all subscribers share. */
  readonly json: Buffer;
  /** The cursor of its event; null if it belongs to no event. */
  readonly cursor: string | null;
}

/** An operation that the rules and limits allow. */
export interface AdmittedOperation {
  readonly type: OperationTypeNode;
  /**
   * Its results go to the outlet, followed by its completion or its failure.
   *
   * @returns resolves once it is answered (null), or runs as a subscription
   */
  run(outlet: Outlet<OperationResult>): Promise<FollowHandle | null>;
}

/** Runs the operations of sockets and streams, in the same way as those over HTTP. */
export type Operations = ReturnType<typeof createOperations>;

/** Join what operations need, over any transport. */
export function createOperations(options: {
  readonly schema: GraphQLSchema;
  readonly rules: OperationRules;
  readonly requests: Allowance;
  readonly work: Quota;
  readonly subscriptions: Quota;
  readonly apollo: ApolloServer<OperationContext>;
  readonly log: IngestionLog;
  readonly fanOut: FanOut<OperationResult>;
  readonly newContext: (client: Client, arrival: Arrival) => OperationContext;
  readonly formatError: ErrorFormatter;
  readonly reportOperation: OperationReporter;
}) {
  const { schema, apollo, log, fanOut, newContext, formatError, requests, work, subscriptions } =
    options;
  const { texts, complexity, variables: variableCheck } = options.rules;
  const documents = createDocuments(schema, options.rules);

  function formatErrors(
    errors: readonly GraphQLError[],
    data: unknown = null,
  ): readonly GraphQLFormattedError[] {
    const formatted = errors.map((error) => toFormattedError(error, formatError));
    return boundErrors(formatted, data);
  }

  function report(
    type: OperationReport['type'],
    name: string | null,
    { caller }: Client,
    { transport }: Arrival,
    startedAt: number,
    errors: readonly GraphQLFormattedError[],
  ): void {
    const durationMs = performance.now() - startedAt;
    const errorCodes = toErrorCodes(errors);
    options.reportOperation({
      transport,
      type,
      name,
      caller: caller.name,
      durationMs,
      errorCodes,
    });
  }

  /** The operation with the text to execute, or why it is not executed. */
  function findText(payload: SubscribePayload): SubscribePayload | GraphQLError {
    const found = texts(payload);
    return found instanceof GraphQLError ? found : { ...payload, query: found.query ?? '' };
  }

  /** The operation, or why it is not executed. */
  function prepare({
    query,
    operationName,
    variables,
  }: SubscribePayload): PricedOperation | readonly GraphQLError[] {
    const prepared = documents.prepare(query, operationName);
    if (!('operation' in prepared)) return prepared;
    const cost = complexity.ofOperation(prepared.document, prepared.operation, variables);
    return cost instanceof GraphQLError ? [cost] : { ...prepared, cost };
  }

  /** Run a query or a mutation as HTTP does, which also reports it. */
  async function answer(
    { query, operationName, variables }: SubscribePayload,
    client: Client,
    arrival: Arrival,
  ): Promise<OperationResult> {
    const release = work.take(client.key, 1);
    const { body } = await apollo
      .executeOperation(
        {
          query,
          ...(operationName && { operationName }),
          ...(variables != null && { variables }),
        },
        { contextValue: newContext(client, arrival) },
      )
      .finally(release);
    if (body.kind !== 'single') throw new Error('Incremental delivery is not switched on.');
    const { data, errors } = body.singleResult;
    return toResult(data, errors, null);
  }

  async function subscribe(
    payload: SubscribePayload,
    priced: PricedOperation,
    client: Client,
    arrival: Arrival,
    outlet: Outlet<OperationResult>,
  ): Promise<FollowHandle | null> {
    const release = subscriptions.take(client.key, priced.cost);
    const counted = new CountedSubscription(outlet, release);
    try {
      return counted.follow(await open(payload, priced, client, arrival, counted));
    } catch (error) {
      release();
      throw error;
    }
  }

  async function open(
    { query, variables }: SubscribePayload,
    { document, operation }: PreparedOperation,
    client: Client,
    arrival: Arrival,
    outlet: Outlet<OperationResult>,
  ): Promise<FollowHandle | null> {
    const startedAt = performance.now();
    const operationName = operation.name?.value ?? null;
    const args = { schema, document, operationName, variableValues: variables ?? null };
    const variableErrors = variableCheck(operation, variables);
    const source =
      variableErrors.length > 0
        ? { errors: variableErrors }
        : await createSourceEventStream({ ...args, contextValue: newContext(client, arrival) });
    if (source instanceof Place) {
      report('subscription', operationName, client, arrival, startedAt, []);
      // A client that resumes a finished subscription learns so at once.
      if (arrival.lastEventId !== null && (await hasEnded(log, source))) {
        outlet.complete();
        return null;
      }
      const key = toSubscriptionKey(query, { document, operation }, variables ?? {}, client.caller);
      return fanOut.follow(
        key,
        source,
        (transition) => renderEvent(args, transition, client, arrival),
        outlet,
      );
    }
    if (!('errors' in source)) throw new Error('Expected a subscription to transitions.');
    const errors = formatErrors(source.errors ?? []);
    report('subscription', operationName, client, arrival, startedAt, errors);
    if (arrival.transport === 'sse' && errors.every(mayPass)) {
      // Completed as if there were nothing more, an `EventSource` would never come back.
      outlet.fail(new OperationRefused(errors));
      return null;
    }
    void outlet.next(toResult(undefined, errors, null));
    outlet.complete();
    return null;
  }

  /** Each time in its own context: a loader from an earlier event would return outdated data. */
  function renderEvent(
    args: ExecutionArgs,
    event: Transition,
    client: Client,
    arrival: Arrival,
  ): Promise<OperationResult> {
    return readWithRetries(
      async () => {
        const contextValue = newContext(client, arrival);
        const { data, errors } = await execute({ ...args, rootValue: event, contextValue });
        const formatted = errors && formatErrors(errors, data);
        // Delivered as an event, it would be lost, because the client's cursor is in the missing data; after the
        // terminal transition the stream would even end as if everything had been delivered. An error makes the client
        // come back.
        if (!data && formatted?.some(isOfMoment)) throw new OperationRefused(formatted);
        return toResult(data, formatted, log.toCursor(event.position));
      },
      (error) => error instanceof OperationRefused,
    );
  }

  return {
    /**
     * @throws {OperationRefused} it is not executed
     * @throws {RateLimitedError} the same, because there were too many
     */
    async admit(
      sent: SubscribePayload,
      client: Client,
      arrival: Arrival,
    ): Promise<AdmittedOperation> {
      const startedAt = performance.now();
      try {
        await requests.take(client.key, 1);
      } catch (error) {
        report('invalid', null, client, arrival, startedAt, formatErrors([toGraphQLError(error)]));
        throw error;
      }
      const payload = findText(sent);
      const prepared = payload instanceof GraphQLError ? [payload] : prepare(payload);
      if (payload instanceof GraphQLError || !('operation' in prepared)) {
        const errors = formatErrors(prepared as readonly GraphQLError[]);
        report('invalid', null, client, arrival, startedAt, errors);
        throw new OperationRefused(errors);
      }
      const type = prepared.operation.operation;
      return {
        type,
        async run(outlet) {
          if (type === OperationTypeNode.SUBSCRIPTION) {
            return subscribe(payload, prepared, client, arrival, outlet);
          }
          void outlet.next(await answer(payload, client, arrival));
          outlet.complete();
          return null;
        },
      };
    },

    /** What clients see of an outlet's failure. */
    formatFailure(failure: unknown): readonly GraphQLFormattedError[] {
      if (failure instanceof OperationRefused) return failure.errors;
      return formatErrors([toGraphQLError(failure)]);
    },
  };
}

/** A subscription whose cost counts from before it is opened until it is over, whichever side ends it. */
class CountedSubscription implements Outlet<OperationResult>, FollowHandle {
  #handle: FollowHandle | null = null;

  constructor(
    private readonly outlet: Outlet<OperationResult>,
    private readonly release: () => void,
  ) {}

  /** @returns null if it has ended already */
  follow(handle: FollowHandle | null): FollowHandle | null {
    this.#handle = handle;
    return handle && this;
  }

  next(result: OperationResult): Promise<void> | null {
    return this.outlet.next(result);
  }

  complete(): void {
    this.release();
    this.outlet.complete();
  }

  fail(failure: unknown): void {
    this.release();
    this.outlet.fail(failure);
  }

  leave(): void {
    this.release();
    this.#handle?.leave();
  }
}

function toGraphQLError(failure: unknown): GraphQLError {
  const originalError = failure instanceof Error ? failure : new Error(String(failure));
  return new GraphQLError(originalError.message, { originalError });
}

/** Why an operation was not executed; formatted and reported already. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';

  constructor(readonly errors: readonly GraphQLFormattedError[]) {
    super('The operation was refused.');
  }
}

function toResult(
  data: unknown,
  errors: readonly GraphQLFormattedError[] | undefined,
  cursor: string | null,
): OperationResult {
  // JSON omits what is undefined: the data, if nothing was executed, as over HTTP.
  return { json: Buffer.from(JSON.stringify({ data, errors })), cursor };
}

/** Whether the same may be granted later. */
function mayPass({ extensions }: GraphQLFormattedError): boolean {
  return extensions?.retryAfterMs !== undefined;
}

/** Whether the log was unavailable, or too slow, at this moment. */
function isOfMoment({ extensions }: GraphQLFormattedError): boolean {
  return extensions?.code === 'LOG_UNAVAILABLE' || extensions?.code === 'OPERATION_TIMEOUT';
}
