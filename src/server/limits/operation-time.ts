import {
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isIntrospectionType,
  isNonNullType,
  isObjectType,
  OperationTypeNode,
} from 'graphql';
import { OperationTimeoutError } from '../../ingestion/gateway-error.js';
import type { OperationContext } from '../../resolvers/operation-context.js';

type Resolver = GraphQLFieldResolver<unknown, OperationContext>;

/**
 * Limit the time of each operation, and of executing each event of a subscription.
 *
 * A field without an answer by then is an error, however deep it is, and the rest is answered. A start in progress is
 * awaited, because its outcome must be reported, and its call to the upstream has its own deadline; later starts in
 * the same operation don't begin. Fields below a started request are cut off if they are nullable; a non-null field
 * would take the outcome with it. For a subscription, only opening it is limited; a source that opens too late holds
 * nothing, because nobody has read from it.
 */
export function limitOperationTime(schema: GraphQLSchema, timeoutMs: number): void {
  const leftMs = ({ startedAt }: OperationContext) => startedAt + timeoutMs - performance.now();
  const mutations = schema.getMutationType();

  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || isIntrospectionType(type) || type === mutations) continue;
    wrap(type, 'resolve', (resolve, fieldType) => (root, args, context, info) => {
      const answer = resolve(root, args, context, info);
      if (info.operation.operation === OperationTypeNode.MUTATION && isNonNullType(fieldType)) {
        return answer;
      }
      const race = <T>(part: T | PromiseLike<T>) =>
        isPromise(part)
          ? inTime(
              part,
              leftMs(context),
              `There was no answer within ${timeoutMs} ms. Ask for less, or try again.`,
            )
          : part;
      return race(isPromise(answer) ? answer.then(eachOf(race)) : eachOf(race)(answer));
    });
  }

  wrap(mutations, 'resolve', (resolve) => (root, args, context, info) => {
    if (leftMs(context) > 0) return resolve(root, args, context, info);
    throw new OperationTimeoutError(
      `This was not started: the fields before it took more than ${timeoutMs} ms.`,
    );
  });

  wrap(schema.getSubscriptionType(), 'subscribe', (subscribe) => (root, args, context, info) => {
    const opening = Promise.resolve(subscribe(root, args, context, info));
    return inTime(opening, leftMs(context), `It could not be opened within ${timeoutMs} ms.`);
  });
}

function wrap(
  type: GraphQLObjectType | null | undefined,
  method: 'resolve' | 'subscribe',
  limit: (resolver: Resolver, fieldType: GraphQLOutputType) => Resolver,
): void {
  for (const field of Object.values(type?.getFields() ?? {})) {
    const resolver = field[method];
    if (resolver) field[method] = limit(resolver, field.type);
  }
}

/** A list may contain promises, each of which has its own error. */
function eachOf(race: <T>(part: T | PromiseLike<T>) => T | PromiseLike<T>) {
  return (answer: unknown): unknown => (Array.isArray(answer) ? answer.map(race) : answer);
}

function inTime<T>(work: PromiseLike<T>, timeoutMs: number, message: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new OperationTimeoutError(message)), timeoutMs);
  const settled = Promise.resolve(work).finally(() => clearTimeout(timer));
  return Promise.race([settled, late.promise]);
}

function isPromise<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null)?.then === 'function';
}
