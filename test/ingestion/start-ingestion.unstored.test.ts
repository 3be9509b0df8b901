import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ANSWER_DUE_MS, type OpenedLogs, openStartLog } from '../support/open-start-log.js';
import { createModel, live, type Model, mappingId } from './start-model.js';

describe('an answer that the log cannot store', () => {
  // So long that it needs new pages of the file.
  const answer = { kind: 'submitted', requestId: '1', info: 'x'.repeat(100_000) } as const;
  const ref = { mappingId, requestId: answer.requestId };
  let opened: OpenedLogs;
  let gateway: ReturnType<typeof live>;
  let model: Model;
  let postCount: number;

  beforeEach(async () => {
    opened = await openStartLog();
    postCount = 0;
    model = createModel();
    const post = async () => {
      postCount += 1;
      await opened.setFull(true);
      return answer;
    };
    gateway = live({ ...model, post }, opened, () => ['answered', false]);
    await expect(gateway.start('k')).rejects.toMatchObject(unsaved);
  });

  afterEach(async () => {
    gateway.die();
    await opened.dispose();
    expect(postCount).toBe(1);
  });

  const unsaved = { extensions: { code: 'LOG_UNAVAILABLE', outcomeUnknown: true } };

  it('is told to nobody before it is stored, then to those who ask again', async () => {
    await expect(gateway.start('k')).rejects.toMatchObject(unsaved);
    await opened.setFull(false);
    expect(await gateway.start('k')).toMatchObject({ kind: 'submitted', record: { ref } });
  });

  it('is stored without a further call once there is room', async () => {
    await model.clock.advance(1_000);
    // Checked before there is room, after which a try in progress would succeed immediately.
    expect(await opened.log.find([ref])).toEqual([null]);
    await opened.setFull(false);
    while (!(await opened.log.find([ref]))[0]) await model.clock.advance(1_000);
  });

  it('becomes unknown to the next process if this one ends before', async () => {
    gateway.die();
    opened = await opened.reopen();
    await opened.pass(ANSWER_DUE_MS);
    gateway = live(model, opened, () => ['answered', false]);
    await expect(gateway.start('k')).rejects.toMatchObject({ outcomeUnknown: true });
  });
});
