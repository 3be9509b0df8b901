import type { IncomingMessage } from 'node:http';

/** Why a request is refused before GraphQL looks at it. */
export interface Refusal {
  /** The HTTP status. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** How long to wait before trying again, if known. */
  readonly retryAfterMs?: number;
}

/** Why a request is refused because of its head; null if it is not. */
export type RequestCheck = (request: IncomingMessage) => Refusal | null;
