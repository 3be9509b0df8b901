/**
 * The state of a mapping, on two axes. `nextRunAt` in ms since the epoch.
 *
 *                      publish
 *     unpublished ─────────────────▶ published, started
 *          ▲                            │        ▲
 *          │ unpublish             stop ▼        │ start
 *          ├──────────────────── published, stopped
 *          └──────────────────── published, started
 */
export type MappingState =
  | { readonly publication: 'unpublished'; readonly execution: 'stopped' }
  | { readonly publication: 'published'; readonly execution: 'stopped' }
  | {
      readonly publication: 'published';
      readonly execution: 'started';
      readonly nextRunAt: number;
    };

/** A change that an administrator requests. */
export type MappingChange =
  | { readonly kind: 'publish'; readonly resendFromBeginning: boolean }
  | { readonly kind: 'unpublish' | 'start' | 'stop' };

/** The outcome of asking for a change. */
export type ChangeOutcome =
  | { readonly kind: 'changed'; readonly state: MappingState }
  | { readonly kind: 'refused'; readonly code: RefusalCode; readonly why: string };

/** Why a change makes no sense now. */
export type RefusalCode =
  | 'ALREADY_PUBLISHED'
  | 'NOT_PUBLISHED'
  | 'ALREADY_STARTED'
  | 'ALREADY_STOPPED'
  | 'JOB_RUNNING';

/**
 * Find the state that a change leads to. Publishing and starting make the mapping run at once. If a mapping is
 * stopped during a run, the run continues to its end.
 *
 * @param runningJobId - the job that is running the mapping now
 */
export function changeMapping(
  state: MappingState,
  change: MappingChange,
  { runningJobId, now }: { readonly runningJobId: number | null; readonly now: number },
): ChangeOutcome {
  const started = {
    publication: 'published',
    execution: 'started',
    nextRunAt: Math.ceil(now),
  } as const;
  switch (change.kind) {
    case 'publish':
      if (state.publication === 'published') {
        return refusal('ALREADY_PUBLISHED', 'is already published: unpublish it first');
      }
      return { kind: 'changed', state: started };

    case 'unpublish':
      if (state.publication === 'unpublished') {
        return refusal('NOT_PUBLISHED', 'is not published');
      }
      if (runningJobId !== null) return running(runningJobId);
      return { kind: 'changed', state: { publication: 'unpublished', execution: 'stopped' } };

    case 'start':
      if (state.publication === 'unpublished') {
        return refusal('NOT_PUBLISHED', 'is not published: publish it, which also starts it');
      }
      if (state.execution === 'started') {
        return refusal('ALREADY_STARTED', 'is already started');
      }
      if (runningJobId !== null) return running(runningJobId);
      return { kind: 'changed', state: started };

    case 'stop':
      if (state.execution === 'stopped') {
        return refusal('ALREADY_STOPPED', 'is already stopped');
      }
      return { kind: 'changed', state: { publication: 'published', execution: 'stopped' } };
  }
}

function refusal(code: RefusalCode, why: string): ChangeOutcome {
  return { kind: 'refused', code, why };
}

function running(jobId: number): ChangeOutcome {
  return refusal('JOB_RUNNING', `is being run by job ${jobId}: wait for it to end`);
}
