import type {
  Fault,
  FaultOccasion,
  FaultPlan,
  FaultRule,
  Operation,
} from '../../src/campaign/faults/fault-plan.js';
import { HELD_CALL_MS } from './held-clock.js';
import { FORBIDDEN_LOOKS, lossyMappings, oddMappings, SLOW_START_MS } from './test-upstream.js';

const rule = (on: Operation, when: FaultOccasion, fault: Fault, mapping?: string): FaultRule => ({
  on,
  when,
  fault,
  ...(mapping !== undefined && { mapping }),
});

const always = { every: 1 };
const answer = (as: '401' | '403' | '429' | '500' | '503' | 'html'): Fault => ({
  do: 'answer',
  as,
});

/** How the odd mappings behave. */
const ODD: readonly FaultRule[] = [
  rule('start', always, { do: 'drop' }, oddMappings.silent),
  rule('status', always, { do: 'drop' }, oddMappings.silent),
  rule('status', always, { do: 'delay', delayMs: HELD_CALL_MS }, oddMappings.held),
  rule('start', always, { do: 'delay', delayMs: SLOW_START_MS }, oddMappings.slow),
  ...lossyMappings.map((lossy) => rule('start', { first: 1 }, { do: 'loseAnswer' }, lossy)),
  rule('status', always, answer('403'), oddMappings.forbidden),
  rule('status', { first: FORBIDDEN_LOOKS }, answer('403'), oddMappings.forbiddenAtFirst),
];

/**
 * Faults that a gateway hides from its clients. One in three status questions fails, the first one and never
 * three in a row, because each is sent three times. A start is repeated only if it certainly was not accepted, and a
 * rejected token is replaced.
 *
 * `faulty-campaign.test.ts` has the visible faults: a start that may have been accepted, a status question that fails
 * for good, no token.
 */
const HIDDEN: readonly FaultRule[] = [
  rule('token', always, { do: 'delay', delayMs: 5 }),
  rule('start', { nth: 2 }, answer('401')),
  rule('start', always, { do: 'delay', delayMs: 5 }),
  rule('status', { nth: 1 }, { do: 'reset' }),
  rule('status', { nth: 3 }, answer('401')),
  rule('status', { every: 35 }, answer('429')),
  rule('status', { every: 21 }, answer('html')),
  rule('status', { every: 14 }, answer('503')),
  rule('status', { every: 10 }, { do: 'truncate', bytes: 20 }),
  rule('status', { every: 7 }, answer('500')),
  rule('status', { every: 5 }, { do: 'loseAnswer' }),
  rule('status', { every: 2 }, { do: 'delay', delayMs: 5 }),
];

/** The faults that are always active in tests that do not choose any. */
export const hiddenFaults: FaultPlan = { seed: 1, rules: [...ODD, ...HIDDEN] };
