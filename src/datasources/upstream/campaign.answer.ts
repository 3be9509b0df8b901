import type { ReportedState, RequestRef } from '../../ingestion/ingestion-request.js';
import type { Submission } from '../../ingestion/submission.js';
import { type CallFailure, type CallKind, toInvalidAnswer } from './campaign.failure.js';
import { toStatusFailure } from './campaign.status-failure.js';
import {
  ForeignAnswerError,
  InvalidAnswerError,
  isStartAnswer,
  isStatusAnswer,
  parseReportedState,
  parseSubmission,
} from './campaign.wire.js';
import type { HttpAnswer } from './http-exchange.js';

/** What an HTTP answer says about a start. */
export function judgeStartAnswer(answer: HttpAnswer, mappingId: string): Submission | CallFailure {
  if (!mayBeCampaigns(answer.status, isStartAnswer(answer.body))) {
    return toStatusFailure(answer, 'start');
  }
  return parsed(answer, 'start', () => parseSubmission(answer.body, mappingId));
}

/** What an HTTP answer says about a request; null if it says that there is none. */
export function judgeStatusAnswer(
  answer: HttpAnswer,
  ref: RequestRef,
): ReportedState | null | CallFailure {
  if (!mayBeCampaigns(answer.status, isStatusAnswer(answer.body))) {
    return isGone(answer.status) ? null : toStatusFailure(answer, 'status');
  }
  return parsed(answer, 'status', () => parseReportedState(answer.body, ref));
}

/** Not found, or gone for good. */
function isGone(status: number): boolean {
  return status === 404 || status === 410;
}

/**
 * Whether the body may be Campaign's own JSON. The contract gives no HTTP statuses for its answers. With a 2xx
 * nothing else can be meant. With a 4xx it may be, if it looks like it, because a `Failed` may come that way. Never
 * with 401, 403 and 429, which concern the caller and not an ingestion.
 */
function mayBeCampaigns(status: number, looksLikeIt: boolean): boolean {
  if (status >= 200 && status < 300) return true;
  if (status === 401 || status === 403 || status === 429) return false;
  return status >= 400 && status < 500 && looksLikeIt;
}

function parsed<T>(answer: HttpAnswer, call: CallKind, parse: () => T): T | CallFailure {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InvalidAnswerError)) throw error;
    const isTransient = error instanceof ForeignAnswerError;
    return toInvalidAnswer(answer, call, error.message, { cause: error, isTransient });
  }
}
