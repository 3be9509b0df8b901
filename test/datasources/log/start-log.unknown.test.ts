import { describe, expect, it } from '@jest/globals';
import type { ReportedState } from '../../../src/ingestion/ingestion-request.js';
import { START_KEPT_MS } from '../../../src/ingestion/start-intent.js';
import { running, toRef, useStartLog } from './start-log-harness.js';

const opened = useStartLog();
const { begin, beginUnknown, answer, look } = opened;

const aborted: ReportedState = { status: 'ABORTED', info: 'aborted', batchId: null };

describe('a start with an unknown outcome', () => {
  it('adopts the request that the upstream names in answer to a later start', async () => {
    const lost = await beginUnknown();
    const later = await begin({ createdAt: 3_000 });
    const { record } = await answer(later, 'alreadyInProgress', '1', 4_000);
    expect(record.startedAt).toBe(1_000);
    expect((await look(lost)).state).toEqual({
      kind: 'submitted',
      ref: toRef('1'),
      message: 'answered alreadyInProgress',
      settledAt: 4_000,
    });
    expect((await look(later)).state).toMatchObject({ kind: 'alreadyInProgress' });
  });

  it('adopts a request only if it began it: the older of two did, the newer found it running', async () => {
    const older = await beginUnknown();
    const newer = await beginUnknown({ createdAt: 2_000 });
    await answer(await begin({ createdAt: 3_000 }), 'alreadyInProgress', '1', 4_000);
    const kinds = [await look(older), await look(newer)].map(({ state }) => state.kind);
    expect(kinds).toEqual(['submitted', 'alreadyInProgress']);
  });

  it('does not adopt a request named in an answer that may predate the start', async () => {
    const earlier = await begin({ createdAt: 500 });
    const lost = await beginUnknown();
    await answer(earlier, 'alreadyInProgress', '1', 4_000);
    // The answer arrived at 4000, but may have been sent before.
    expect((await look(lost)).state.kind).toBe('unknown');
    const { state } = await opened.starts.resolveUnknown(lost.intentId, [toRef('1')], 5_000);
    expect(state).toMatchObject({ kind: 'alreadyInProgress', ref: toRef('1') });
  });

  it('adopts nothing if a request ran before it and still runs after it', async () => {
    await opened.log.append({ ref: toRef('1'), seen: running, observedAt: 500 });
    const lost = await beginUnknown();
    expect((await look(lost)).state.kind).toBe('unknown');
    const { state } = await opened.starts.resolveUnknown(lost.intentId, [toRef('1')], 2_000);
    expect(state).toMatchObject({ kind: 'alreadyInProgress', ref: toRef('1') });
    expect(await opened.log.find([toRef('1')])).toMatchObject([{ startedAt: null }]);
  });

  it('does not adopt a request that another start began', async () => {
    const lost = await beginUnknown();
    await answer(await begin({ createdAt: 3_000 }), 'submitted', '1', 3_500);
    await answer(await begin({ createdAt: 4_000 }), 'alreadyInProgress', '1', 4_500);
    expect((await look(lost)).state.kind).toBe('unknown');
  });

  it('does not adopt a request that came after another accepted start, when its own had ended', async () => {
    const lost = await beginUnknown();
    await answer(await begin({ createdAt: 3_000 }), 'submitted', '1', 3_500);
    await answer(await begin({ createdAt: 4_000 }), 'alreadyInProgress', '2', 4_500);
    expect((await look(lost)).state.kind).toBe('unknown');
  });

  it('does not adopt a request of another mapping, or one that had ended when first seen', async () => {
    const lost = await beginUnknown();
    const other = { mappingId: 'TestDoc', requestId: '1' };
    await opened.log.append({ ref: other, seen: running, observedAt: 2_000 });
    await opened.log.append({ ref: toRef('2'), seen: aborted, observedAt: 2_000 });
    expect((await look(lost)).state.kind).toBe('unknown');
  });

  it('adopts a request seen running since then, even if that has ended', async () => {
    const lost = await beginUnknown();
    await opened.log.append({ ref: toRef('1'), seen: running, observedAt: 2_000 });
    await opened.log.append({ ref: toRef('1'), seen: aborted, observedAt: 3_000 });
    expect((await look(lost)).state).toMatchObject({ kind: 'submitted', message: 'running' });
    expect(await opened.log.find([toRef('1')])).toMatchObject([{ startedAt: 1_000 }]);
  });

  it('is looked for only as long as keys are kept', async () => {
    const lost = await beginUnknown();
    const tooLate = 1_000 + START_KEPT_MS;
    await answer(await begin({ createdAt: tooLate }), 'alreadyInProgress', '1', tooLate);
    expect((await look(lost, tooLate)).state.kind).toBe('unknown');
  });
});
