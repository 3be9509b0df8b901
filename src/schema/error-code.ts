import { registerEnumType } from 'type-graphql';
import type { UpstreamErrorCode } from '../ingestion/gateway-error.js';

type Code =
  | UpstreamErrorCode
  | 'BAD_USER_INPUT'
  | 'FORBIDDEN'
  | 'INGESTION_REQUEST_NOT_FOUND'
  | 'LOG_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR';

/** The error codes that can also appear in fields of answers. */
export const ErrorCode = {
  UPSTREAM_UNAVAILABLE: 'UPSTREAM_UNAVAILABLE',
  UPSTREAM_TIMEOUT: 'UPSTREAM_TIMEOUT',
  UPSTREAM_RATE_LIMITED: 'UPSTREAM_RATE_LIMITED',
  UPSTREAM_UNAUTHENTICATED: 'UPSTREAM_UNAUTHENTICATED',
  UPSTREAM_FORBIDDEN: 'UPSTREAM_FORBIDDEN',
  UPSTREAM_INVALID_RESPONSE: 'UPSTREAM_INVALID_RESPONSE',
  INGESTION_REQUEST_NOT_FOUND: 'INGESTION_REQUEST_NOT_FOUND',
  BAD_USER_INPUT: 'BAD_USER_INPUT',
  FORBIDDEN: 'FORBIDDEN',
  LOG_UNAVAILABLE: 'LOG_UNAVAILABLE',
  INTERNAL_SERVER_ERROR: 'INTERNAL_SERVER_ERROR',
} as const satisfies { [Name in Code]: Name };
/** One of {@link ErrorCode}. */
export type ErrorCode = Code;

registerEnumType(ErrorCode, {
  name: 'ErrorCode',
  description: 'What went wrong, as in `extensions.code` of an error.',
  valuesConfig: {
    UPSTREAM_UNAVAILABLE: {
      description: 'The upstream or its token service cannot be reached, or fails.',
    },
    UPSTREAM_TIMEOUT: { description: 'The upstream gave no complete answer in time.' },
    UPSTREAM_RATE_LIMITED: {
      description: 'The upstream received too many calls, or the gateway’s own budget is used up.',
    },
    UPSTREAM_UNAUTHENTICATED: {
      description: 'The upstream refused the access token or the client credentials.',
    },
    UPSTREAM_FORBIDDEN: {
      description: 'The upstream refused the API key or the profile, or a role is missing.',
    },
    UPSTREAM_INVALID_RESPONSE: {
      description: 'The upstream’s answer is not one that its API documents.',
    },
    INGESTION_REQUEST_NOT_FOUND: { description: 'The upstream knows no such request.' },
    BAD_USER_INPUT: { description: 'An argument is invalid. The message says what is allowed.' },
    FORBIDDEN: { description: 'The caller lacks the right to do this.' },
    LOG_UNAVAILABLE: { description: 'The gateway’s log is unavailable.' },
    INTERNAL_SERVER_ERROR: { description: 'A bug in the gateway, which has logged it.' },
  },
});

/** @param code - as in an error, or as stored in the log */
export function toErrorCode(code: string): ErrorCode {
  return Object.hasOwn(ErrorCode, code) ? (code as ErrorCode) : 'INTERNAL_SERVER_ERROR';
}
