import { useMutation } from '@tanstack/react-query';
import type { Ingestion } from '../live.js';
import { rememberOwn } from '../own-ingestions.js';
import { goTo, toHref } from '../route.js';
import { useSession } from '../session.js';
import { toAnswer } from '../start-answer.js';
import { showToast } from '../toast-store.js';

/** Starts the same mapping again. */
export function RetryButton({ ingestion }: { readonly ingestion: Ingestion }) {
  const { client } = useSession();
  const start = useMutation({
    networkMode: 'always',
    mutationFn: () => client.start({ mappingId: ingestion.mappingId }),
    onSuccess(outcome) {
      const answer = toAnswer(outcome);
      if (answer.request) {
        rememberOwn(answer.request.id);
        goTo(toHref(['ingestions', answer.request.mappingId, answer.request.requestId]));
      } else showToast({ kind: 'bad', text: `${answer.title} ${answer.advice}` });
    },
    onError: (failure) => showToast({ kind: 'bad', text: failure.message }),
  });
  // A retry that fails the same way again is not the first thing to do.
  const isAdvised = ingestion.failure?.isRetryable !== false;
  return (
    <button
      type="button"
      className={isAdvised ? 'primary' : ''}
      disabled={start.isPending}
      onClick={() => start.mutate()}
    >
      {ingestion.status === 'SUCCESS' ? 'Start again' : 'Retry'}
    </button>
  );
}
