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
  mapping,
});

const always = { every: 1 };
const answer = (as: '401' | '403' | '429' | '500' | '503' | 'html'): Fault => ({
  do: 'answer',
  as,
});

/** What makes the odd mappings what they are. */
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
 * What a gateway does not let its clients notice. Of the looks one in three goes wrong, the first one and never
 * three in a row: a look is made three times. A start is made again only where it certainly was not taken, and a
 * token that is refused is replaced.
 *
 * What must be noticed is left to `faulty-campaign.test.ts`: a start that may have been taken, a look that fails
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

/** The faults that are always on in front of gateways whose tests say nothing of faults. */
export const hiddenFaults: FaultPlan = { seed: 1, rules: [...ODD, ...HIDDEN] };
