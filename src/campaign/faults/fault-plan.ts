/** The calls that can fail. */
export const OPERATIONS = ['start', 'status', 'token'] as const;

/** One of {@link OPERATIONS}. */
export type Operation = (typeof OPERATIONS)[number];

/** Which of a rule's calls fail, counted from the start of the service. */
export type FaultOccasion =
  /** Only this one, from 1. */
  | { readonly nth: number }
  /** The nth, the 2nth and so on. */
  | { readonly every: number }
  | { readonly first: number }
  /** 0 to 1. */
  | { readonly probability: number };

/** Answers that replace the service's. */
export const ANSWERS = ['401', '403', '429', '500', '502', '503', '504', 'html'] as const;

/** What goes wrong. */
export type Fault =
  /** The call is accepted later. */
  | { readonly do: 'delay'; readonly delayMs: number }
  /** The call is not accepted, and never answered. */
  | { readonly do: 'drop' }
  /** The call is not accepted, and its connection is reset. */
  | { readonly do: 'reset' }
  /** The call is not accepted; a system in front of the service answers. */
  | {
      readonly do: 'answer';
      readonly as: (typeof ANSWERS)[number];
      readonly retryAfterS?: number | undefined;
    }
  /** The call is accepted, and the connection is cut after this many bytes of the answer's body. */
  | { readonly do: 'truncate'; readonly bytes: number }
  /** The call is accepted, and the connection is reset before the answer. */
  | { readonly do: 'loseAnswer' }
  /** The call is accepted, and the service is killed before the answer. */
  | { readonly do: 'crash' };

/** What goes wrong, and when. */
export interface FaultRule {
  readonly on: Operation;
  /** Any if not given; tokens have none. */
  readonly mapping?: string | undefined;
  readonly when: FaultOccasion;
  readonly fault: Fault;
}

/** All faults. The first rule that applies to a call decides. */
export interface FaultPlan {
  /** The same seed makes the same calls fail. */
  readonly seed: number;
  readonly rules: readonly FaultRule[];
}
