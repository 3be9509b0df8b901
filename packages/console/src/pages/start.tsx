import { GatewayError } from '@sluice/client';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Failure } from '../components/failure.js';
import { MappingActions } from '../components/mapping-actions.js';
import { MappingNames } from '../components/mapping-names.js';
import { Notice } from '../components/notice.js';
import { rememberOwn } from '../own-ingestions.js';
import { goTo, toHref, useRoute } from '../route.js';
import { useHasRight, useSession } from '../session.js';
import { toAnswer } from '../start-answer.js';

/** The gateway's maximum of `retryOnAbort`. */
const MAX_RETRIES = 5;

/** Starts an ingestion, once, however often the answer is lost. */
export function StartPage() {
  const { client } = useSession();
  const { search } = useRoute();
  const mayRead = useHasRight('ingestion:read');
  const [mappingId, setMappingId] = useState(search.get('mapping') ?? '');
  const [retryOnAbort, setRetryOnAbort] = useState(0);
  const start = useMutation({
    networkMode: 'always',
    mutationFn: (input: { readonly mappingId: string; readonly retryOnAbort: number }) =>
      client.start(input),
    onSuccess(outcome) {
      const { request } = toAnswer(outcome);
      if (!request) return;
      rememberOwn(request.id);
      const isNew = outcome.__typename === 'IngestionSubmitted';
      if (isNew && mayRead) goTo(toHref(['ingestions', request.mappingId, request.requestId]));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate({ mappingId: mappingId.trim(), retryOnAbort });
  };
  const answer = start.data && toAnswer(start.data);
  return (
    <div className="page">
      <h1>Start an ingestion</h1>
      <form className="card form" onSubmit={submit}>
        <label>
          Mapping
          <input
            required
            maxLength={255}
            list="mapping-names"
            autoComplete="off"
            placeholder="Choose one, or type its id"
            value={mappingId}
            onChange={(event) => {
              setMappingId(event.target.value);
              start.reset();
            }}
          />
        </label>
        {mayRead && <MappingNames />}
        <label>
          Retry when it is aborted
          <select
            value={retryOnAbort}
            onChange={(event) => setRetryOnAbort(Number(event.target.value))}
          >
            {Array.from({ length: MAX_RETRIES + 1 }, (_, count) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the count is what it is
              <option key={count} value={count}>
                {count === 0 ? 'Never' : count === 1 ? 'Once' : `Up to ${count} times`}
              </option>
            ))}
          </select>
        </label>
        <div className="actions">
          <button type="submit" className="primary" disabled={start.isPending}>
            {start.isPending ? 'Starting…' : 'Start'}
          </button>
        </div>
      </form>
      {start.error &&
        (start.error instanceof GatewayError && start.error.code === 'FORBIDDEN' ? (
          <Notice kind="error" title="You may not start this mapping.">
            Ask the operator for access.
          </Notice>
        ) : (
          <Failure failure={start.error} />
        ))}
      {answer && (
        <div className="form">
          <Notice kind={answer.request ? 'info' : 'error'} title={answer.title}>
            {answer.advice && <p>{answer.advice}</p>}
            <p className="muted">{answer.message}</p>
            {answer.request && (
              <a href={toHref(['ingestions', answer.request.mappingId, answer.request.requestId])}>
                Open request {answer.request.requestId}
              </a>
            )}
            {answer.remedy && mayRead && (
              <MappingActions
                mappingId={mappingId.trim()}
                only={answer.remedy}
                onDone={start.reset}
              />
            )}
          </Notice>
        </div>
      )}
    </div>
  );
}
