import type { OneIngestion } from '../one-ingestion.js';
import { useNow } from '../use-now.js';
import { Notice } from './notice.js';
import { Distance, Time } from './time.js';

/** How the gateway watches an ingestion: its last and its next poll. */
export function WatchState({ ingestion }: { readonly ingestion: OneIngestion }) {
  const { watch } = ingestion;
  const now = useNow();
  if (ingestion.isTerminal || !watch) return null;
  switch (watch.endedBecause) {
    case 'FORGOTTEN_UPSTREAM':
      return (
        <Notice kind="warning" title="The gateway no longer polls this ingestion.">
          The upstream has said for an hour that it knows no such request.
        </Notice>
      );
    case 'ENDED_BY_OPERATOR':
      return (
        <Notice kind="warning" title="The gateway no longer polls this ingestion.">
          An operator ended the watch. Asking for the status again begins it anew.
        </Notice>
      );
    case null:
      break;
  }
  // A due poll is in progress, although the page has not heard of it yet.
  const next = watch.nextPollAt && Date.parse(watch.nextPollAt) > now && (
    <>
      next poll <Distance at={watch.nextPollAt} />
    </>
  );
  if (watch.lastFailure) {
    return (
      <Notice kind="warning" title="The upstream does not respond.">
        <p>
          {watch.lastFailure.message} <code>{watch.lastFailure.code}</code>
        </p>
        <p>
          {watch.consecutiveFailures} failed in a row, the last at{' '}
          <Time at={watch.lastFailure.at} />. The status is as of{' '}
          <Time at={ingestion.lastObservedAt} />. {next && <>The {next}.</>}
        </p>
      </Notice>
    );
  }
  return (
    <p className="muted">
      {watch.lastPolledAt ? (
        <>
          Polled <Distance at={watch.lastPolledAt} />
        </>
      ) : (
        'Not polled yet'
      )}
      {next ? <>, {next}</> : ', being polled now'}.
    </p>
  );
}
