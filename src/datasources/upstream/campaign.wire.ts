import { z } from 'zod';
import type { ReportedState, RequestRef } from '../../ingestion/ingestion-request.js';
import { afterMappingId, toFolded } from '../../ingestion/mapping-name.js';
import type { Submission } from '../../ingestion/submission.js';
import { parseWireJson, toCount } from './wire-json.js';

/** An answer that breaks the contract. Its message never quotes the answer. */
export class InvalidAnswerError extends Error {
  override readonly name: string = 'InvalidAnswerError';
}

/** An answer that does not come from the API at all, such as the page of something in front of it. */
export class ForeignAnswerError extends InvalidAnswerError {
  override readonly name = 'ForeignAnswerError';
}

/**
 * An opaque id only has to be safe to show, store, ask about and put into a URL. A replacement character means that a
 * character was lost, so the rest is the id of something else.
 */
const requestId = z
  .string()
  .max(255)
  .regex(/^(?=.*\S)[^\p{Cc}\p{Cs}\uFFFD]+$/u);
/** A lone surrogate can't be stored everywhere, and would come back changed. */
const info = z
  .string()
  .transform((text) => text.toWellFormed().replaceAll('\0', '\uFFFD'))
  .catch('');
/** It is looked up at Platform. An unreadable one counts as none. */
const batchId = z
  .string()
  .regex(/^(?=.*\S)[^\p{Cc}\p{Cs}\uFFFD]+$/u)
  .nullable()
  .catch(null);
/**
 * Case, blanks and marks between words don't distinguish statuses, nor do characters that can't be seen. A server that
 * changes case by Turkish rules writes an i with the wrong dot.
 */
const toStatus = (text: string) =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll('ı', 'i')
    .replace(/\u0307|[\s_\p{Cf}-]/gu, '');
const status = z.string().transform(toStatus);

/** POST: here `Success` means submitted. */
const startAnswer = z
  .looseObject({ status })
  .pipe(
    z.discriminatedUnion('status', [
      z.object({ status: z.literal('success'), requestId, info }),
      z.object({ status: z.literal('inprogress'), requestId, info }),
      z.object({ status: z.literal('failed'), info }),
    ]),
  );

/** GET: here `Success` means finished. Only the status must be readable. */
const statusAnswer = z.looseObject({ status }).pipe(
  z.object({
    status: z.enum(['success', 'inprogress', 'failed', 'aborted']),
    requestId: z.unknown().optional(),
    info,
    batchId,
    numRecords: z.unknown().optional(),
  }),
);

/**
 * Parse the answer to a POST.
 *
 * @param body - the answer's text, with any HTTP status
 * @throws {InvalidAnswerError}
 */
export function parseSubmission(body: string, mappingId: string): Submission {
  const answer = parseWith(startAnswer, body);
  requireOurMapping(toNamed(answer.info), mappingId);
  switch (answer.status) {
    case 'success':
      return { kind: 'submitted', requestId: answer.requestId, info: answer.info };
    case 'inprogress':
      return { kind: 'alreadyInProgress', requestId: answer.requestId, info: answer.info };
    case 'failed':
      return { kind: toRefusal(answer.info, mappingId), info: answer.info };
  }
}

/**
 * Parse the answer to a GET. A readable status counts, whatever the other fields contain, if the answer says that it
 * is about this request: by its id or, if it names none, by its mapping.
 *
 * @param body - the answer's text, with any HTTP status
 * @throws {InvalidAnswerError} also if the answer is about another request or mapping, or does not say
 */
export function parseReportedState(body: string, ref: RequestRef): ReportedState {
  const answer = parseWith(statusAnswer, body);
  const isNamed = isOurRequest(answer.requestId, ref.requestId);
  // If the id is there, later text may quote anything.
  const named = isNamed ? toNamedAtBeginning(answer.info) : toNamed(answer.info);
  const isOurs = requireOurMapping(named, ref.mappingId);
  if (!isNamed && !isOurs) throw toInvalidAnswerError(['requestId']);
  const { info, batchId } = answer;
  switch (answer.status) {
    case 'success':
      return { status: 'SUCCESS', info, batchId, numRecords: toCount(answer.numRecords) };
    case 'inprogress':
      return { status: 'IN_PROGRESS', info, batchId };
    case 'failed':
      return { status: 'FAILED', info, batchId };
    case 'aborted':
      return { status: 'ABORTED', info, batchId };
  }
}

/**
 * Whether an answer names the request that was asked about. False if it names none.
 *
 * @throws {InvalidAnswerError} it names another
 */
function isOurRequest(named: unknown, asked: string): boolean {
  const isOther =
    typeof named === 'string'
      ? named.trim() !== '' && toFolded(named) !== toFolded(asked)
      : // Its digits are lost, so it may stand for many ids, including the one asked about.
        typeof named === 'number' && named !== Number(asked);
  if (isOther) {
    throw new InvalidAnswerError('it is about another request than the one asked about');
  }
  return typeof named === 'string' && named.trim() !== '';
}

/** Whether a text is meant as the answer to a start, valid or not: a JSON object with a `status` text. */
export function isStartAnswer(body: string): boolean {
  return z.object({ status: z.string() }).safeParse(parseWireJson(body)).success;
}

/** Whether a text is meant as a status: like a start's answer, but it names a request. */
export function isStatusAnswer(body: string): boolean {
  const shape = z.object({ status: z.string(), requestId: z.union([z.string(), z.number()]) });
  return shape.safeParse(parseWireJson(body)).success;
}

function parseWith<T>(schema: z.ZodType<T>, body: string): T {
  const json = parseWireJson(body);
  if (json === undefined) throw new ForeignAnswerError('it is not JSON');
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw toInvalidAnswerError(parsed.error.issues.map(({ path }) => String(path[0] ?? 'body')));
}

function toInvalidAnswerError(fields: readonly string[]): InvalidAnswerError {
  return new InvalidAnswerError(
    `these of its fields are missing or have a value that the API does not document: ${[...new Set(fields)].join(', ')}`,
  );
}

/** The documented text, up to the mapping's id. */
const SUBMIT_FAILED =
  /^\s*Unable\s+to\s+submit\s+data\s+ingestion\s+request,\s*XDM\s+Mapping\s+ID: ?/i;

function toRefusal(
  info: string,
  mappingId: string,
): 'mappingNotStopped' | 'mappingNotPublished' | 'refused' {
  const [beginning] = SUBMIT_FAILED.exec(info) ?? [];
  if (beginning === undefined) return 'refused';
  const reason = afterMappingId(info.slice(beginning.length), mappingId) ?? '';
  switch (toFolded(reason).replace(/[.!]$/, '')) {
    case 'IS NOT STOPPED':
      return 'mappingNotStopped';
    case 'IS NOT PUBLISHED':
      return 'mappingNotPublished';
    default:
      return 'refused';
  }
}

/**
 * If an `info` names a mapping, it must be ours; otherwise the answer was meant for somebody else. One that names
 * none is free text and says nothing either way.
 *
 * @param named - the text from the id of the named mapping on; null if it names none
 * @returns whether it names ours
 * @throws {InvalidAnswerError} it names another
 */
function requireOurMapping(named: string | null, mappingId: string): boolean {
  if (named === null) return false;
  if (afterMappingId(named, mappingId) === null) {
    throw new InvalidAnswerError('it is about another mapping than the one asked about');
  }
  return true;
}

/** The documented texts, up to the mapping's id: those of a status, and those of a start. */
const DOCUMENTED =
  /^(?:Mapping Id: |Ingestion request (?:submitted successfully|already in progress) for the Mapping ID: )/;

/** Anywhere in a text. */
function toNamed(info: string): string | null {
  const startMark = 'Mapping ID: ';
  const at = info.indexOf(startMark);
  return toNamedAtBeginning(info) ?? (at === -1 ? null : info.slice(at + startMark.length));
}

/** Only if the text begins as documented. */
function toNamedAtBeginning(info: string): string | null {
  const [beginning] = DOCUMENTED.exec(info) ?? [];
  return beginning === undefined ? null : info.slice(beginning.length);
}
