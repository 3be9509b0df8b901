import type { IncomingMessage } from 'node:http';

/** Why a request is refused before GraphQL looks at it. */
export interface Refusal {
  /** Of HTTP. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** How long to wait before asking again, where that is known. */
  readonly retryAfterMs?: number;
}

/** Why a request is refused by what its head says; null where it is not. */
export type RequestCheck = (request: IncomingMessage) => Refusal | null;
