import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogUnavailableError } from '../../src/ingestion/gateway-error.js';
import type { Submission } from '../../src/ingestion/submission.js';
import { type OpenedLogs, openStartLog } from '../support/open-start-log.js';
import { createModel, live, type Model, mappingId } from './start-model.js';

describe('a reused id', () => {
  const ref = { mappingId, requestId: '41' };
  const succeeded = { status: 'SUCCESS', info: 'done', batchId: null, numRecords: 15 } as const;
  const named = (kind: 'submitted' | 'alreadyInProgress') =>
    ({ kind, requestId: '41', info: kind }) as const;
  let opened: OpenedLogs;
  let answer: () => Promise<Submission>;
  let model: Model;
  let gateway: ReturnType<typeof live>;

  beforeEach(async () => {
    opened = await openStartLog();
    model = { ...createModel(), post: () => answer() };
    gateway = live(model, opened, () => ['answered', false]);
  });

  afterEach(async () => {
    gateway.die();
    await opened.dispose();
  });

  const end = () => opened.log.append({ ref, seen: succeeded, observedAt: 1 });

  it('is not reported with the outcome of the earlier request', async () => {
    answer = async () => named('submitted');
    expect(await gateway.start('first')).toMatchObject({ kind: 'submitted' });
    await end();
    const [before] = await opened.log.find([ref]);
    await expect(gateway.start('second')).rejects.toMatchObject({
      message: expect.stringMatching(/^The upstream accepted this start and gave it 41, the id of/),
      extensions: { code: 'UPSTREAM_INVALID_RESPONSE', outcomeUnknown: true },
    });
    // Nor when it is asked for again; and whoever began the earlier one still gets its outcome.
    answer = () => Promise.reject(new Error('It was sent again.'));
    await expect(gateway.start('second')).rejects.toMatchObject({
      extensions: { code: 'UPSTREAM_INVALID_RESPONSE', outcomeUnknown: true },
    });
    expect(await gateway.start('first')).toMatchObject({
      kind: 'submitted',
      record: { state: succeeded },
    });
    expect(await opened.log.find([ref])).toEqual([before]);
  });

  it.each(['second', null])(
    'is not reported with a request that was running before: key %s',
    async (key) => {
      answer = async () => named('submitted');
      expect(await gateway.start('first')).toMatchObject({ kind: 'submitted' });
      const [before] = await opened.log.find([ref]);
      await model.clock.advance(1);
      const unknown = { code: 'UPSTREAM_INVALID_RESPONSE', outcomeUnknown: true };
      await expect(gateway.start(key)).rejects.toMatchObject({
        message: expect.stringMatching(/ 41, the id of an earlier request .* in progress before\./),
        extensions: unknown,
      });
      expect(model.reusedIds).toEqual(['41']);
      expect(await opened.log.find([ref])).toEqual([before]);
      // Nor later, when it is seen running: it cannot be told from the old request.
      answer = async () => named('alreadyInProgress');
      expect(await gateway.start('third')).toMatchObject({ kind: 'alreadyInProgress' });
      if (key !== null) {
        await expect(gateway.start(key)).rejects.toMatchObject({ extensions: unknown });
      }
    },
  );

  it('belongs to the start even if somebody else saw the request during it', async () => {
    answer = async () => {
      const seen = { status: 'IN_PROGRESS', info: 'running', batchId: null } as const;
      await opened.log.append({ ref, seen, observedAt: 1 });
      return named('submitted');
    };
    expect(await gateway.start('k')).toMatchObject({ kind: 'submitted', record: { ref } });
    expect(model.reusedIds).toEqual([]);
  });

  it('belongs to both of two concurrent starts', async () => {
    const both = Promise.withResolvers<Submission>();
    let sentCount = 0;
    answer = () => {
      sentCount += 1;
      if (sentCount === 2) both.resolve(named('submitted'));
      return both.promise;
    };
    const outcomes = [gateway.start('a'), gateway.start('b')];
    for (const outcome of outcomes) expect(await outcome).toMatchObject({ kind: 'submitted' });
  });

  it('is not in progress if the earlier request had ended before the start', async () => {
    await end();
    answer = async () => named('alreadyInProgress');
    await expect(gateway.start('k')).rejects.toMatchObject({
      message: expect.stringMatching(/^The upstream started nothing: it considers request 41 of/),
      extensions: { code: 'UPSTREAM_INVALID_RESPONSE' },
      outcomeUnknown: false,
    });
    // Nothing was started, so the key is free.
    answer = async () => ({ kind: 'submitted', requestId: '42', info: '' });
    expect(await gateway.start('k')).toMatchObject({ record: { ref: { requestId: '42' } } });
  });

  it.each(['submitted', 'alreadyInProgress'] as const)(
    'is a new request if the earlier one ended during its start: %s',
    async (kind) => {
      answer = async () => {
        await end();
        return named(kind);
      };
      expect(await gateway.start('k')).toMatchObject({ kind, record: { ref, state: succeeded } });
      answer = () => Promise.reject(new Error('It was sent again.'));
      expect(await gateway.start('k')).toMatchObject({ kind, record: { ref, state: succeeded } });
    },
  );

  it('is refused even if the log was unavailable at first', async () => {
    await end();
    const { statusBefore } = opened.starts;
    Object.assign(opened.starts, {
      statusBefore: () => Promise.reject(new LogUnavailableError('Not now.')),
    });
    answer = async () => named('submitted');
    await expect(gateway.start('k')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    Object.assign(opened.starts, { statusBefore });
    await expect(gateway.start('k')).rejects.toMatchObject({
      extensions: { code: 'UPSTREAM_INVALID_RESPONSE', outcomeUnknown: true },
    });
  });
});
