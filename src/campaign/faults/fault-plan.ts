/** The calls that a fault can be put in the way of. */
export const OPERATIONS = ['start', 'status', 'token'] as const;

/** One of {@link OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number];

/** Which of the calls that a rule is about go wrong; counted from the start of the service. */
export type FaultOccasion =
  /** This one alone, from 1. */
  | { readonly nth: number }
  /** The nth, the 2nth and so on. */
  | { readonly every: number }
  | { readonly first: number }
  /** 0 to 1. */
  | { readonly probability: number };

/** What is answered in the place of the service. */
export const ANSWERS = ['401', '403', '429', '500', '502', '503', '504', 'html'] as const;

/** What goes wrong. */
export type Fault =
  /** The call is taken later. */
  | { readonly do: 'delay'; readonly delayMs: number }
  /** The call is not taken, and never answered. */
  | { readonly do: 'drop' }
  /** The call is not taken, and its connection reset. */
  | { readonly do: 'reset' }
  /** The call is not taken; somebody in front of the service answers. */
  | {
      readonly do: 'answer';
      readonly as: (typeof ANSWERS)[number];
      readonly retryAfterS?: number | undefined;
    }
  /** The call is taken, and the connection cut after so many bytes of its answer's body. */
  | { readonly do: 'truncate'; readonly bytes: number }
  /** The call is taken, and the connection reset before its answer. */
  | { readonly do: 'loseAnswer' }
  /** The call is taken, and the service killed before its answer. */
  | { readonly do: 'crash' };

/** What goes wrong, and when. */
export interface FaultRule {
  readonly on: Operation;
  /** Any where it is not given; tokens have none. */
  readonly mapping?: string | undefined;
  readonly when: FaultOccasion;
  readonly fault: Fault;
}

/** All that is to go wrong. The first rule that applies to a call decides. */
export interface FaultPlan {
  /** The same seed makes the same calls go wrong. */
  readonly seed: number;
  readonly rules: readonly FaultRule[];
}
