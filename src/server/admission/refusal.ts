import type { IncomingMessage } from 'node:http';
import { ShuttingDownError } from '../../ingestion/gateway-error.js';

/** Why a request is refused before GraphQL looks at it. */
export interface Refusal {
  /** The HTTP status. */
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** How long to wait before trying again, if known. */
  readonly retryAfterMs?: number | undefined;
}

const { code, message } = new ShuttingDownError();

/** For requests to a process that is about to end. */
export const shuttingDown: Refusal = { status: 503, code, message };

/** Why a request is refused because of its head; null if it is not. */
export type RequestCheck = (request: IncomingMessage) => Refusal | null;
