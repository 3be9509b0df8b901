import { z } from 'zod';
import type { ReportedState, RequestRef } from '../ingestion/ingestion-request.js';
import type { Submission } from '../ingestion/submission.js';
import { parseWireJson } from './wire-json.js';

/** An answer that breaks the contract. Its message never quotes the answer. */
export class InvalidAnswerError extends Error {
  override readonly name: string = 'InvalidAnswerError';
}

/** An answer that is not the API's at all, such as the page of something in front of it. */
export class ForeignAnswerError extends InvalidAnswerError {
  override readonly name = 'ForeignAnswerError';
}

/** Of an opaque id only this much is asked, that it can be shown, stored, asked about and put into a URL. */
const requestId = z
  .string()
  .max(255)
  .regex(/^(?=.*\S)[^\p{Cc}\p{Cs}]+$/u);
/** Half a character, or none, cannot be stored everywhere: what was read back would not be what was written. */
const storable = z.string().transform((text) => text.toWellFormed().replaceAll('\0', '\uFFFD'));
const info = storable;
const batchId = storable.nullish().transform((id) => (id === '' || id === undefined ? null : id));

/** POST: here `Success` means submitted. */
const startAnswer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('Success'), requestId, info }),
  z.object({ status: z.literal('In Progress'), requestId, info }),
  z.object({ status: z.literal('Failed'), info }),
]);

/** GET: here `Success` means finished. Only there does `numRecords` mean anything, so only there it is read. */
const statusAnswer = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('Success'),
    requestId,
    info,
    batchId,
    numRecords: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  }),
  z.object({ status: z.literal('In Progress'), requestId, info, batchId }),
  z.object({ status: z.literal('Failed'), requestId, info, batchId }),
  z.object({ status: z.literal('Aborted'), requestId, info, batchId }),
]);

/**
 * Read what a POST was answered.
 *
 * @param body - the answer's text, whatever HTTP status it came with
 * @throws {InvalidAnswerError}
 */
export function parseSubmission(body: string, mappingId: string): Submission {
  const answer = parseWith(startAnswer, body);
  requireOurMapping(answer.info, mappingId);
  switch (answer.status) {
    case 'Success':
      return { kind: 'submitted', requestId: answer.requestId, info: answer.info };
    case 'In Progress':
      return { kind: 'alreadyInProgress', requestId: answer.requestId, info: answer.info };
    case 'Failed':
      return { kind: toRefusal(answer.info, mappingId), info: answer.info };
  }
}

/**
 * Read what a GET was answered.
 *
 * @param body - the answer's text, whatever HTTP status it came with
 * @throws {InvalidAnswerError} also where the answer is about another request or mapping
 */
export function parseReportedState(body: string, ref: RequestRef): ReportedState {
  const answer = parseWith(statusAnswer, body);
  if (answer.requestId !== ref.requestId) {
    throw new InvalidAnswerError('it is about another request than the one asked about');
  }
  requireOurMapping(answer.info, ref.mappingId);
  const { info, batchId } = answer;
  switch (answer.status) {
    case 'Success':
      return { status: 'SUCCESS', info, batchId, numRecords: answer.numRecords };
    case 'In Progress':
      return { status: 'IN_PROGRESS', info, batchId };
    case 'Failed':
      return { status: 'FAILED', info, batchId };
    case 'Aborted':
      return { status: 'ABORTED', info, batchId };
  }
}

/** Whether a text is meant as the answer to a start, right or wrong: a JSON object with a `status` text. */
export function isStartAnswer(body: string): boolean {
  return z.object({ status: z.string() }).safeParse(parseWireJson(body)).success;
}

/** Whether a text is meant as a status: like a start's answer, and it names a request. */
export function isStatusAnswer(body: string): boolean {
  const shape = z.object({ status: z.string(), requestId: z.string() });
  return shape.safeParse(parseWireJson(body)).success;
}

function parseWith<T>(schema: z.ZodType<T>, body: string): T {
  const json = parseWireJson(body);
  if (json === undefined) throw new ForeignAnswerError('it is not JSON');
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const fields = new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'body')));
  throw new InvalidAnswerError(
    `these of its fields are missing or have a value that the API does not document: ${[...fields].join(', ')}`,
  );
}

function toRefusal(
  info: string,
  mappingId: string,
): 'mappingNotStopped' | 'mappingNotPublished' | 'refused' {
  const submitFailed = 'Unable to submit data ingestion request, XDM Mapping ID: ';
  switch (info.trimEnd()) {
    case `${submitFailed}${mappingId} is not stopped`:
      return 'mappingNotStopped';
    case `${submitFailed}${mappingId} is not published`:
      return 'mappingNotPublished';
    default:
      return 'refused';
  }
}

/**
 * An `info` that names a mapping must name ours, or the answer was meant for somebody else. One that names
 * none is free text and says nothing either way.
 */
function requireOurMapping(info: string, mappingId: string): void {
  const statusPrefix = 'Mapping Id: ';
  if (info.startsWith(statusPrefix)) {
    requireNamed(info.slice(statusPrefix.length), mappingId);
    return;
  }
  const startMark = 'Mapping ID: ';
  const at = info.indexOf(startMark);
  if (at !== -1) requireNamed(info.slice(at + startMark.length), mappingId);
}

/**
 * Ids are free text and so is what follows one, so the end of an id cannot be found: `rest` must begin with
 * ours, and with a whole one (for mapping 4, `42` is not ours; nor is `4.5`).
 */
function requireNamed(rest: string, mappingId: string): void {
  const after = rest.startsWith(mappingId) ? rest.slice(mappingId.length) : null;
  if (after === null || !/^(?:[.,;:]?(?:\s|$))/.test(after)) {
    throw new InvalidAnswerError('it is about another mapping than the one asked about');
  }
}
