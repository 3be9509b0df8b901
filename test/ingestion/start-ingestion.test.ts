import { describe, expect, it } from '@jest/globals';
import { StartNotSentError } from '../../src/ingestion/gateway-error.js';
import type { NewStart } from '../../src/ingestion/start-intent.js';
import { openStartLog } from '../support/open-start-log.js';
import { createModel, type Fate, live, mappingId } from './start-model.js';

describe('startIngestion', () => {
  it('asks the upstream nothing when the log is full', async () => {
    const opened = await openStartLog();
    const model = createModel();
    const gateway = live(model, opened, () => ['answered', false]);
    await opened.setFull(true);
    const identity = { caller: null, idempotencyKey: 'k'.repeat(255) };
    const fill = async () => {
      for (let count = 0; ; count += 1) {
        const start = { ...identity, caller: String(count), mappingId, retryOnAbort: 0 };
        await opened.starts.begin({ ...start, createdAt: 0 }, crypto.randomUUID());
      }
    };
    await expect(fill()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await expect(gateway.start(identity.idempotencyKey)).rejects.toMatchObject({
      message:
        'The start cannot be written to the log now, so nothing was sent to the upstream. Try again later.',
      extensions: { code: 'LOG_UNAVAILABLE' },
    });
    expect(model.posts).toEqual([]);
    gateway.die();
    await opened.dispose();
  });

  it('sends a start again when asked if a failed commit had in fact marked it as sent', async () => {
    const model = createModel();
    const opened = await openStartLog();
    const gateway = live(model, opened, () => ['answered', false]);
    const { begin } = opened.starts;
    const beginUnheard = async (start: NewStart, sending: string) => {
      const { intent } = await begin(start, sending);
      throw new StartNotSentError('Nobody knows.', intent.intentId, {});
    };
    Object.assign(opened.starts, { begin: beginUnheard });
    await expect(gateway.start('k')).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    expect(model.posts).toEqual([]);
    Object.assign(opened.starts, { begin });
    expect(await gateway.start('k')).toMatchObject({ kind: 'submitted' });
    expect(model.posts).toHaveLength(1);
    gateway.die();
    await opened.dispose();
  });

  it('begins anew if resolving the first call shows that it was not accepted', async () => {
    const opened = await openStartLog();
    const fates: Fate[] = ['neverArrived', 'answered'];
    const model = createModel();
    const gateway = live(model, opened, () => [fates.shift() ?? 'answered', false]);
    const { begin } = opened.starts;
    let sending = '';
    const beginSeen: typeof begin = (start, id) => {
      sending = id;
      return begin(start, id);
    };
    Object.assign(opened.starts, { begin: beginSeen });
    await expect(gateway.start('k')).rejects.toMatchObject({ outcomeUnknown: true });
    Object.assign(opened.starts, { begin });
    const { resolveUnknown } = opened.starts;
    const withdrawFirst: typeof resolveUnknown = async (intentId, running, now) => {
      await opened.starts.withdraw(intentId, sending);
      return resolveUnknown(intentId, running, now);
    };
    Object.assign(opened.starts, { resolveUnknown: withdrawFirst });
    expect(await gateway.start('k')).toMatchObject({ kind: 'submitted' });
    expect(model.posts).toHaveLength(2);
    gateway.die();
    await opened.dispose();
  });
});
