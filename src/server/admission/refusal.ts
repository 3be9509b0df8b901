import type { IncomingMessage } from 'node:http';
import { ShuttingDownError } from '../../ingestion/gateway-error.js';

/** Why a request is refused before GraphQL looks at it. */
export interface Refusal {
  /** Of HTTP. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** How long to wait before asking again, where that is known. */
  readonly retryAfterMs?: number;
}

const { code, message } = new ShuttingDownError();

/** Of a process that is about to end. */
export const shuttingDown: Refusal = { status: 503, code, message };

/** Why a request is refused by what its head says; null where it is not. */
export type RequestCheck = (request: IncomingMessage) => Refusal | null;
