import type { z } from 'zod';
import { defaultLimits, type Limits, noCallerLimits } from '../server/limits/limits.js';
import { optionalNumber, wholeNumberOr } from './whole-number.js';

const { document } = defaultLimits;

const upTo = (unit: string, max: number, usual: number) => wholeNumberOr(usual, unit, 1, max);

/** For a default that depends on who can call. */
const perCaller = (unit: string, max: number) => optionalNumber(unit, 1, max);

/** The variables for limits. */
export const limitSettings = {
  LIMIT_CHARACTERS: upTo('characters', 1_000_000, document.maxCharacters),
  // Twice as many nested tokens would exhaust the parser's stack.
  LIMIT_TOKENS: upTo('tokens', 2_000, document.maxTokens),
  LIMIT_DEPTH: upTo('levels', 100, document.maxDepth),
  LIMIT_ALIASES: upTo('aliases', 1_000, document.maxAliases),
  LIMIT_ROOT_FIELDS: upTo('fields', 1_000, document.maxRootFields),
  LIMIT_DIRECTIVES: upTo('directives', 1_000, document.maxDirectives),
  LIMIT_COST: upTo('points', 1_000_000, document.maxCost),
  LIMIT_OPERATION_MS: upTo('milliseconds', 600_000, defaultLimits.operationTimeoutMs),
  LIMIT_BODY_BYTES: upTo('bytes', 64 * 1024 * 1024, defaultLimits.maxBodyBytes),
  LIMIT_OPERATIONS_PER_SOCKET: upTo('operations', 100_000, defaultLimits.maxOperationsPerSocket),
  LIMIT_OPERATIONS_PER_CALLER: perCaller('operations', 1_000_000),
  LIMIT_OPERATIONS: upTo('operations', 1_000_000, defaultLimits.maxOperations),
  LIMIT_SUBSCRIPTION_COST_PER_CALLER: perCaller('points', 1_000_000_000),
  LIMIT_SOCKETS: upTo('sockets', 1_000_000, defaultLimits.maxSockets),
  LIMIT_SOCKETS_PER_CALLER: perCaller('sockets', 1_000_000),
  LIMIT_REQUESTS_PER_MINUTE: perCaller('requests a minute', 10_000_000),
  LIMIT_STARTS_PER_MINUTE: perCaller('starts a minute', 10_000_000),
  LIMIT_FAILED_SIGN_INS_PER_MINUTE: perCaller('failed sign-ins a minute', 10_000_000),
} as const;

/** The variables' values. */
export type LimitSettings = {
  [Name in keyof typeof limitSettings]: z.output<(typeof limitSettings)[Name]['schema']>;
};

/** @param isExposed - whether programs on other machines may call */
export function toLimits(all: LimitSettings, isExposed: boolean): Limits {
  const perCaller = isExposed ? defaultLimits : noCallerLimits;
  return {
    document: {
      maxCharacters: all.LIMIT_CHARACTERS,
      maxTokens: all.LIMIT_TOKENS,
      maxDepth: all.LIMIT_DEPTH,
      maxAliases: all.LIMIT_ALIASES,
      maxRootFields: all.LIMIT_ROOT_FIELDS,
      maxDirectives: all.LIMIT_DIRECTIVES,
      maxCost: all.LIMIT_COST,
    },
    operationTimeoutMs: all.LIMIT_OPERATION_MS,
    maxBodyBytes: all.LIMIT_BODY_BYTES,
    maxOperationsPerSocket: all.LIMIT_OPERATIONS_PER_SOCKET,
    maxOperationsPerCaller: all.LIMIT_OPERATIONS_PER_CALLER ?? perCaller.maxOperationsPerCaller,
    maxOperations: all.LIMIT_OPERATIONS,
    maxSubscriptionCostPerCaller:
      all.LIMIT_SUBSCRIPTION_COST_PER_CALLER ?? perCaller.maxSubscriptionCostPerCaller,
    maxSockets: all.LIMIT_SOCKETS,
    maxSocketsPerCaller: all.LIMIT_SOCKETS_PER_CALLER ?? perCaller.maxSocketsPerCaller,
    maxRequestsPerMinute: all.LIMIT_REQUESTS_PER_MINUTE ?? perCaller.maxRequestsPerMinute,
    maxStartsPerMinute: all.LIMIT_STARTS_PER_MINUTE ?? perCaller.maxStartsPerMinute,
    maxFailedSignInsPerMinute:
      all.LIMIT_FAILED_SIGN_INS_PER_MINUTE ?? perCaller.maxFailedSignInsPerMinute,
  };
}
