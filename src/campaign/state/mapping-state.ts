/**
 * Where a mapping stands, on two axes. `nextRunAt` in ms since the epoch.
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

/** What an administrator asks of a mapping. */
export type MappingChange =
  | { readonly kind: 'publish'; readonly resendFromBeginning: boolean }
  | { readonly kind: 'unpublish' | 'start' | 'stop' };

/** What asking for a change comes to. */
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
 * Find the state that a change leads to. Publishing and starting have the mapping run at once; a run that
 * is going on when the mapping is stopped goes on to its end.
 *
 * @param runningJobId - the job that runs the mapping now
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
        return refusal('ALREADY_PUBLISHED', 'is published already: unpublish it first');
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
        return refusal('ALREADY_STARTED', 'is started already');
      }
      if (runningJobId !== null) return running(runningJobId);
      return { kind: 'changed', state: started };

    case 'stop':
      if (state.execution === 'stopped') {
        return refusal('ALREADY_STOPPED', 'is stopped already');
      }
      return { kind: 'changed', state: { publication: 'published', execution: 'stopped' } };
  }
}

function refusal(code: RefusalCode, why: string): ChangeOutcome {
  return { kind: 'refused', code, why };
}

function running(jobId: number): ChangeOutcome {
  return refusal('JOB_RUNNING', `is being run by job ${jobId}: wait for its end`);
}
