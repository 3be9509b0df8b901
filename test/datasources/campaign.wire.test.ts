import { describe, expect, it } from '@jest/globals';
import {
  InvalidAnswerError,
  parseReportedState,
  parseSubmission,
} from '../../src/datasources/campaign.wire.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const start = (answer: unknown) => parseSubmission(JSON.stringify(answer), 'XDM44');
const status = (answer: unknown) => parseReportedState(JSON.stringify(answer), ref);

describe('the answers to a start, as documented', () => {
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
  ])('%s', (_, answer, expected) => {
    expect(start(answer)).toEqual({ ...expected, info: answer.info });
  });
});

describe('the answers to a status question, as documented', () => {
  const { success, failedEmpty, failedInBatch, aborted, inProgress } = statusAnswers;
  it.each([
    ['success', success, { status: 'SUCCESS', batchId: null, numRecords: 15 }],
    ['failed, nothing ingested', failedEmpty, { status: 'FAILED', batchId: null }],
    ['failed after a batch', failedInBatch, { status: 'FAILED', batchId: 'b0b1' }],
    ['crash of the service', aborted, { status: 'ABORTED', batchId: null }],
    ['running', inProgress, { status: 'IN_PROGRESS', batchId: null }],
  ])('%s', (_, build, expected) => {
    const answer = build('XDM44', 3520);
    // toEqual on the whole value: info is verbatim (trailing blank too), and no numRecords but on success.
    expect(status(answer)).toEqual({ ...expected, info: answer.info });
  });
});

it('replaces what cannot be stored in the upstream’s texts', () => {
  const answer = {
    ...statusAnswers.failedInBatch('XDM44', 3520),
    info: 'a\0b\ud800c XDM44',
    batchId: '\0',
  };
  expect(status(answer)).toMatchObject({ info: 'a\ufffdb\ufffdc XDM44', batchId: '\ufffd' });
});

describe('request ids', () => {
  it.each([
    ['a number', '3520', '3520'],
    ['a text', '"3520"', '3520'],
    ['a number beyond 2^53', '9007199254740993', '9007199254740993'],
    ['a number beyond every float', '1'.repeat(60), '1'.repeat(60)],
    ['a text that is no number', '"r-7/é"', 'r-7/é'],
    ['a text with leading zeros', '"007"', '007'],
    ['a text of 255 characters', `"${'x'.repeat(255)}"`, 'x'.repeat(255)],
  ])('%s keeps every character', (_, literal, expected) => {
    const body = `{"requestId": ${literal}, "info": "", "status": "Success"}`;
    expect(parseSubmission(body, 'XDM44')).toEqual({
      kind: 'submitted',
      requestId: expected,
      info: '',
    });
    const answer = `{"requestId": ${literal}, "info": "", "status": "In Progress", "batchId": ""}`;
    expect(parseReportedState(answer, { ...ref, requestId: expected }).status).toBe('IN_PROGRESS');
  });

  it('tells two ids apart that are the same number to a float', () => {
    const body = '{"requestId":9007199254740993,"info":"","status":"Aborted","batchId":""}';
    const other = { ...ref, requestId: '9007199254740992' };
    expect(() => parseReportedState(body, other)).toThrow(/another request/);
  });

  it.each([
    'null',
    '""',
    '-1',
    '3.5',
    '1e3',
    'true',
    '{}',
    '"a\\nb"',
    '" "',
    '"\\ud800"',
    '"a\\u0000"',
    '"\\u0000"',
    `"${'x'.repeat(256)}"`,
  ])('%s is not one', (literal) => {
    const body = `{"requestId": ${literal}, "info": "", "status": "Success"}`;
    expect(() => parseSubmission(body, 'XDM44')).toThrow(/requestId/);
  });
});

describe('an answer that breaks the contract is refused', () => {
  const ok = statusAnswers.success('XDM44', 3520);
  it.each([
    ['unknown status', { ...ok, status: 'Queued' }, /status/],
    ['a status in other letters', { ...ok, status: 'SUCCESS' }, /status/],
    ['no status', { ...ok, status: undefined }, /status/],
    ['no info', { ...ok, info: undefined }, /info/],
    ['another request', { ...ok, requestId: 3521 }, /another request/],
    ['no request', { ...ok, requestId: undefined }, /requestId/],
    ['a number for a batch', { ...ok, batchId: 7 }, /batchId/],
    ['another mapping', { ...ok, info: 'Mapping Id: XDM45. ' }, /another mapping/],
    ['a longer mapping', { ...ok, info: 'Mapping Id: XDM44.5. ' }, /another mapping/],
    ['a mapping in the words of a start', { ...ok, info: 'for Mapping ID: 1' }, /another mapping/],
    ['no records on success', { ...ok, numRecords: undefined }, /numRecords/],
    ['negative records', { ...ok, numRecords: -1 }, /numRecords/],
    ['half a record', { ...ok, numRecords: 1.5 }, /numRecords/],
    ['records as a text', { ...ok, numRecords: '15' }, /numRecords/],
    ['more records than can be counted', { ...ok, numRecords: 2 ** 53 }, /numRecords/],
    ['a list', [ok], /body/],
    ['null', null, /body/],
  ])('status: %s', (_, answer, message) => {
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
  ])('start: %s', (_, answer, message) => {
    expect(() => start(answer)).toThrow(InvalidAnswerError);
    expect(() => start(answer)).toThrow(message);
  });

  it('and never quoted', () => {
    expect(() => parseSubmission('secret {', 'XDM44')).toThrow('it is not JSON');
    expect(() => start({ status: 'secret', info: '' })).not.toThrow(/secret/);
  });
});

describe('what is not asked of an answer', () => {
  it('numRecords outside of success, whatever stands there', () => {
    const answer = { ...statusAnswers.aborted('XDM44', 3520), numRecords: 'many' };
    expect(status(answer)).not.toHaveProperty('numRecords');
  });

  it('a batchId at all', () => {
    const answer = { ...statusAnswers.inProgress('XDM44', 3520), batchId: undefined };
    expect(status(answer)).toHaveProperty('batchId', null);
  });

  it('an info that names a mapping', () => {
    const answer = { ...statusAnswers.inProgress('XDM44', 3520), info: 'Still at it: XDM45' };
    expect(status(answer)).toHaveProperty('info', 'Still at it: XDM45');
  });

  it.each(['a.b', 'Mapping ID: 1', 'x is not stopped', '.*', '../..', 'é "quoted"'])(
    'a tame mapping id: %s',
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
