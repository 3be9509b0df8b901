import { describe, expect, it } from '@jest/globals';
import {
  parseReportedState,
  parseSubmission,
} from '../../../src/datasources/upstream/campaign.wire.js';
import { startAnswers, statusAnswers } from '../../support/campaign-answers.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const start = (answer: unknown) => parseSubmission(JSON.stringify(answer), 'XDM44');
const status = (answer: unknown) => parseReportedState(JSON.stringify(answer), ref);

describe('a deviating answer', () => {
  const ok = statusAnswers.success('XDM44', 3520);

  it.each([
    ['SUCCESS', 'SUCCESS'],
    [' success ', 'SUCCESS'],
    ['In progress', 'IN_PROGRESS'],
    ['IN_PROGRESS', 'IN_PROGRESS'],
    ['in-progress', 'IN_PROGRESS'],
    ['InProgress', 'IN_PROGRESS'],
    ['failed\n', 'FAILED'],
    ['aborted', 'ABORTED'],
    ['\u200bSuccess\ufeff', 'SUCCESS'],
    ['İN PROGRESS', 'IN_PROGRESS'],
    ['ın progress', 'IN_PROGRESS'],
    ['FAİLED', 'FAILED'],
    ['Ｓｕｃｃｅｓｓ', 'SUCCESS'],
  ])('is read with the status written as %j', (written, expected) => {
    expect(status({ ...ok, status: written }).status).toBe(expected);
  });

  it.each([
    ['15', 15],
    ['"15"', 15],
    ['" 15 "', 15],
    ['15.0', 15],
    ['"15.0"', 15],
    ['1.5e1', 15],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ['9007199254740992', null],
    ['"9007199254740993"', null],
    ['-1', null],
    ['1.5', null],
    ['"many"', null],
    ['"1,000"', null],
    ['""', null],
    ['null', null],
    ['true', null],
    ['[15]', null],
    ['1e400', null],
    [undefined, null],
  ])('is read with the count %s, as %j', (literal, numRecords) => {
    const count = literal === undefined ? '' : `"numRecords":${literal},`;
    const body = `{"batchId":"",${count}"info":"Mapping Id: XDM44. ","requestId":3520,"status":"Success"}`;
    expect(parseReportedState(body, ref)).toMatchObject({ status: 'SUCCESS', numRecords });
  });

  it.each([
    ['b0b1', 'b0b1'],
    [7, '7'],
    [null, null],
    [undefined, null],
    ['', null],
    [' ', null],
    ['a\ufffdb', null],
    [['b0b1'], null],
  ])('is read with the batch %j, as %j', (batchId, expected) => {
    expect(status({ ...ok, batchId })).toMatchObject({ status: 'SUCCESS', batchId: expected });
  });

  it.each([
    ['no info', { info: undefined }],
    ['an info of null', { info: null }],
    ['a list for an info', { info: ['Mapping Id: XDM45.'] }],
    ['its id in another case and with blanks', { requestId: ' 3520 ' }],
    ['no id, where its mapping is named', { requestId: undefined }],
    ['an id of null, where its mapping is named', { requestId: null }],
    ['unknown fields', { requestID: 7, links: [], numRecords2: 'x' }],
  ])('is read with %s', (_, fields) => {
    expect(status({ ...ok, ...fields }).status).toBe('SUCCESS');
  });

  it('is read when its id has lost digits, if the rest matches and the mapping is named', () => {
    const large = { mappingId: 'XDM44', requestId: '9007199254740993' };
    const body = (id: string) =>
      `{"info":"Mapping Id: XDM44.","requestId":${id},"status":"In Progress"}`;
    expect(parseReportedState(body('9.007199254740993e15'), large).status).toBe('IN_PROGRESS');
    expect(() => parseReportedState(body('9.007199254740995e15'), large)).toThrow(
      /another request/,
    );
  });

  it.each([
    ['a line break', 'ACP-880096\nSync Job'],
    ['a tab, and an escape', 'ACP-880096\t\\"Sync\\" Job'],
    ['a zero byte', 'ACP-880096\0Sync Job'],
  ])('is read with a text that contains %s unescaped', (_, text) => {
    const body = `{"batchId":"","info":"Mapping Id: XDM44. ${text}","requestId":3520,"status":"Failed"}`;
    const info = `Mapping Id: XDM44. ${text}`.replaceAll('\\', '').replace('\0', '\ufffd');
    expect(parseReportedState(body, ref)).toMatchObject({ status: 'FAILED', info });
  });

  it('is read with trailing zero bytes', () => {
    expect(parseReportedState(`${JSON.stringify(ok)}\n\0\0`, ref).status).toBe('SUCCESS');
  });

  it('takes time linear in its length, however it is written', () => {
    expect(() => parseReportedState(`"${'\\"'.repeat(500_000)}`, ref)).toThrow('it is not JSON');
  });

  it.each([
    ['is not stopped.', 'mappingNotStopped'],
    ['  IS NOT  Stopped ', 'mappingNotStopped'],
    ['is not published!', 'mappingNotPublished'],
    ['is not stopped or not published', 'refused'],
  ])('is read as a refused start when the mapping %j', (reason, kind) => {
    const info = `Unable to submit data ingestion  request, XDM mapping id: XDM44 ${reason}`;
    expect(start({ status: 'Failed', info })).toEqual({ kind, info });
  });

  it('is read as a refused start without a message', () => {
    expect(start({ status: 'FAILED', info: null })).toEqual({ kind: 'refused', info: '' });
  });
});

describe('a mapping named in another form', () => {
  it.each([
    ['Kunden-Gro\u0308\u00dfe', 'Kunden-Gr\u00f6\u00dfe'],
    ['Kunden-Gr\u00f6\u00dfe', 'KUNDEN-GR\u00d6SSE'],
    ['xdm44', 'XDM44'],
    ['XDM44 ', 'XDM44'],
    [' XDM44', 'XDM44'],
    ['XDM  44', 'XDM 44'],
    ['XDM 44', 'XDM\u00a044'],
    ['A&B "C"', 'A&amp;B &quot;C&quot;'],
  ])('is ours: %j, named as %j', (mappingId, named) => {
    const asked = { mappingId, requestId: '3520' };
    for (const build of Object.values(statusAnswers)) {
      const answer = JSON.stringify(build(named, 3520));
      expect(parseReportedState(answer, asked).status).toBeTruthy();
    }
    const kindOf = (answer: unknown) => parseSubmission(JSON.stringify(answer), mappingId).kind;
    expect(kindOf(startAnswers.submitted(named, 1))).toBe('submitted');
    expect(kindOf(startAnswers.notStopped(named))).toBe('mappingNotStopped');
    expect(kindOf(startAnswers.notPublished(named))).toBe('mappingNotPublished');
  });

  it.each([
    ['e', 'e\u0301'],
    ['XDM44', 'XDM 44'],
    ['A&amp;B', 'A&C'],
    ['4', '42'],
  ])('is not ours: %j, named as %j', (mappingId, named) => {
    const answer = JSON.stringify(startAnswers.submitted(named, 1));
    expect(() => parseSubmission(answer, mappingId)).toThrow(/another mapping/);
  });
});
