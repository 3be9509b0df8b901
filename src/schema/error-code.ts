import type { UpstreamErrorCode } from '../ingestion/gateway-error.js';
import { createEnum } from './enum.js';

/** One of {@link ErrorCode}. */
export type ErrorCode =
  | UpstreamErrorCode
  | 'BAD_USER_INPUT'
  | 'FORBIDDEN'
  | 'INGESTION_REQUEST_NOT_FOUND'
  | 'LOG_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR';

/** The error codes that can also appear in fields of answers. */
export const ErrorCode = createEnum<ErrorCode>(
  'ErrorCode',
  'What went wrong, as in `extensions.code` of an error.',
  {
    UPSTREAM_UNAVAILABLE: 'The upstream or its token service cannot be reached, or fails.',
    UPSTREAM_TIMEOUT: 'The upstream gave no complete answer in time.',
    UPSTREAM_RATE_LIMITED:
      'The upstream received too many calls, or the gateway’s own budget is used up.',
    UPSTREAM_UNAUTHENTICATED: 'The upstream refused the access token or the client credentials.',
    UPSTREAM_FORBIDDEN: 'The upstream refused the API key or the profile, or a role is missing.',
    UPSTREAM_INVALID_RESPONSE: 'The upstream’s answer is not one that its API documents.',
    INGESTION_REQUEST_NOT_FOUND: 'The upstream knows no such request.',
    BAD_USER_INPUT: 'An argument is invalid. The message says what is allowed.',
    FORBIDDEN: 'The caller lacks the right to do this.',
    LOG_UNAVAILABLE: 'The gateway’s log is unavailable.',
    INTERNAL_SERVER_ERROR: 'A bug in the gateway, which has logged it.',
  },
);

/** @param code - as in an error, or as stored in the log */
export function toErrorCode(code: string): ErrorCode {
  return Object.hasOwn(ErrorCode, code) ? (code as ErrorCode) : 'INTERNAL_SERVER_ERROR';
}
