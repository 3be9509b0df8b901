import { describe, expect, it } from '@jest/globals';
import {
  InvalidAnswerError,
  parseReportedState,
  parseSubmission,
} from '../../../src/datasources/upstream/campaign.wire.js';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const start = (answer: unknown) => parseSubmission(JSON.stringify(answer), 'XDM44');
const status = (answer: unknown) => parseReportedState(JSON.stringify(answer), ref);

describe('a documented answer to a start', () => {
  const { submitted, alreadyInProgress, notStopped, notPublished } = startAnswers;
  it.each([
    ['submitted', submitted('XDM44', 3520), { kind: 'submitted', requestId: '3520' }],
    [
      'already running',
      alreadyInProgress('XDM44', 3520),
      { kind: 'alreadyInProgress', requestId: '3520' },
    ],
    ['not stopped', notStopped('XDM44'), { kind: 'mappingNotStopped' }],
    ['not published', notPublished('XDM44'), { kind: 'mappingNotPublished' }],
    ['any other Failed', { status: 'Failed', info: 'No.' }, { kind: 'refused' }],
  ])('is read: %s', (_, answer, expected) => {
    expect(start(answer)).toEqual({ ...expected, info: answer.info });
  });
});

describe('a documented answer to a status question', () => {
  const { success, failedEmpty, failedInBatch, aborted, inProgress } = statusAnswers;
  it.each([
    ['success', success, { status: 'SUCCESS', batchId: null, numRecords: 15 }],
    ['failed, nothing ingested', failedEmpty, { status: 'FAILED', batchId: null }],
    ['failed after a batch', failedInBatch, { status: 'FAILED', batchId: 'b0b1' }],
    ['crash of the service', aborted, { status: 'ABORTED', batchId: null }],
    ['running', inProgress, { status: 'IN_PROGRESS', batchId: null }],
  ])('is read: %s', (_, build, expected) => {
    const answer = build('XDM44', 3520);
    // toEqual on the whole value: info is verbatim, including trailing blanks, and only a success has numRecords.
    expect(status(answer)).toEqual({ ...expected, info: answer.info });
  });
});

it('unstorable characters in the upstream’s texts are replaced, and a batch id with them is ignored', () => {
  const answer = {
    ...statusAnswers.failedInBatch('XDM44', 3520),
    info: 'a\0b\ud800c XDM44',
    batchId: '\0',
  };
  expect(status(answer)).toMatchObject({ info: 'a\ufffdb\ufffdc XDM44', batchId: null });
});

describe('a request id', () => {
  it.each([
    ['a number', '3520', '3520'],
    ['a text', '"3520"', '3520'],
    ['a number beyond 2^53', '9007199254740993', '9007199254740993'],
    ['a number beyond every float', '1'.repeat(60), '1'.repeat(60)],
    ['a text that is not a number', '"r-7/é"', 'r-7/é'],
    ['a text with leading zeros', '"007"', '007'],
    ['a text with blanks', '" 42 "', ' 42 '],
    ['a whole number with a point', '42.0', '42'],
    ['a whole number with an exponent', '1.5e1', '15'],
    ['the largest with a point', '9007199254740991.0', '9007199254740991'],
    ['a text of 255 characters', `"${'x'.repeat(255)}"`, 'x'.repeat(255)],
  ])('keeps every character: %s', (_, literal, expected) => {
    const body = `{"requestId": ${literal}, "info": "", "status": "Success"}`;
    expect(parseSubmission(body, 'XDM44')).toEqual({
      kind: 'submitted',
      requestId: expected,
      info: '',
    });
    const answer = `{"requestId": ${literal}, "info": "", "status": "In Progress", "batchId": ""}`;
    expect(parseReportedState(answer, { ...ref, requestId: expected }).status).toBe('IN_PROGRESS');
  });

  it('is told apart from another that is equal as a float', () => {
    const body = '{"requestId":9007199254740993,"info":"","status":"Aborted","batchId":""}';
    const other = { ...ref, requestId: '9007199254740992' };
    expect(() => parseReportedState(body, other)).toThrow(/another request/);
  });

  it.each([
    'null',
    '""',
    '-1',
    '3.5',
    '9007199254740991.4',
    '9.007199254740993e15',
    '1e400',
    'true',
    '[7]',
    '"r-\ufffd"',
    '{}',
    '"a\\nb"',
    '" "',
    '"\\ud800"',
    '"a\\u0000"',
    '"\\u0000"',
    `"${'x'.repeat(256)}"`,
  ])('is refused: %s', (literal) => {
    const body = `{"requestId": ${literal}, "info": "", "status": "Success"}`;
    expect(() => parseSubmission(body, 'XDM44')).toThrow(/requestId/);
  });
});

it.each([
  'see Mapping ID: other',
  'Failed at the source; see Mapping Id: other, Mapping ID: other',
])('an answer with the requested id is about it, whatever its text quotes: %s', (info) => {
  expect(status({ status: 'Failed', requestId: 3520, info })).toEqual({
    status: 'FAILED',
    info,
    batchId: null,
  });
});

describe('an answer that breaks the contract', () => {
  const ok = statusAnswers.success('XDM44', 3520);
  it.each([
    ['unknown status', { ...ok, status: 'Queued' }, /status/],
    ['no status', { ...ok, status: undefined }, /status/],
    ['a status with another accent', { ...ok, status: 'Fáiled' }, /status/],
    ['a status in a list', { ...ok, status: ['Success'] }, /status/],
    ['an id that has lost digits to 3521', { ...ok, requestId: 3521.5 }, /another request/],
    ['its id with leading zeros', { ...ok, requestId: '03520' }, /another request/],
    ['neither id nor mapping', { status: 'Success', numRecords: 15 }, /requestId/],
    ['only an empty id', { ...ok, requestId: ' ', info: 'Done.' }, /requestId/],
    ['another request', { ...ok, requestId: 3521 }, /another request/],
    ['another mapping', { ...ok, info: 'Mapping Id: XDM45. ' }, /another mapping/],
    ['a longer mapping', { ...ok, info: 'Mapping Id: XDM44.5. ' }, /another mapping/],
    [
      'a mapping in the words of a start, and no id',
      { ...ok, requestId: undefined, info: 'for Mapping ID: 1' },
      /another mapping/,
    ],
    ['a list', [ok], /body/],
    ['null', null, /body/],
  ])('is refused as a status: %s', (_, answer, message) => {
    expect(() => status(answer)).toThrow(InvalidAnswerError);
    expect(() => status(answer)).toThrow(message);
  });

  it.each([
    ['submitted without a request', { status: 'Success', info: '' }, /requestId/],
    ['running without a request', { status: 'In Progress', info: '' }, /requestId/],
    ['a status of the other table', { status: 'Aborted', requestId: 1, info: '' }, /status/],
    ['another mapping', startAnswers.submitted('XDM4', 1), /another mapping/],
    ['a longer mapping', startAnswers.submitted('XDM441', 1), /another mapping/],
    ['another mapping not stopped', startAnswers.notStopped('XDM441'), /another mapping/],
  ])('is refused as a start: %s', (_, answer, message) => {
    expect(() => start(answer)).toThrow(InvalidAnswerError);
    expect(() => start(answer)).toThrow(message);
  });

  it('is never quoted', () => {
    expect(() => parseSubmission('secret {', 'XDM44')).toThrow('it is not JSON');
    expect(() => start({ status: 'secret', info: '' })).not.toThrow(/secret/);
  });
});

describe('an answer', () => {
  it('may have any numRecords unless it is a success', () => {
    const answer = { ...statusAnswers.aborted('XDM44', 3520), numRecords: 'many' };
    expect(status(answer)).not.toHaveProperty('numRecords');
  });

  it('may omit the batchId', () => {
    const answer = { ...statusAnswers.inProgress('XDM44', 3520), batchId: undefined };
    expect(status(answer)).toHaveProperty('batchId', null);
  });

  it('may omit the mapping in its info', () => {
    const answer = { ...statusAnswers.inProgress('XDM44', 3520), info: 'Still at it: XDM45' };
    expect(status(answer)).toHaveProperty('info', 'Still at it: XDM45');
  });

  it.each(['a.b', 'Mapping ID: 1', 'x is not stopped', '.*', '../..', 'é "quoted"'])(
    'is recognized for the mapping id %s',
    (mapping) => {
      const named = { mappingId: mapping, requestId: '1' };
      for (const build of Object.values(statusAnswers)) {
        const body = JSON.stringify(build(mapping, 1));
        expect(parseReportedState(body, named).info).toBe(build(mapping, 1).info);
      }
      const { notStopped, notPublished, submitted } = startAnswers;
      const kindOf = (answer: unknown) => parseSubmission(JSON.stringify(answer), mapping).kind;
      expect(kindOf(submitted(mapping, 1))).toBe('submitted');
      expect(kindOf(notStopped(mapping))).toBe('mappingNotStopped');
      expect(kindOf(notPublished(mapping))).toBe('mappingNotPublished');
    },
  );
});
