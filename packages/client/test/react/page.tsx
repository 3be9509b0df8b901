import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { GatewayError } from '../../src/gateway-error.js';
import { SluiceProvider, useActivity, useIngestion, useStartIngestion } from '../../src/react.js';
import { createSluiceClient, type RequestRef } from '../../src/sluice-client.js';

declare const document: { readonly baseURI: string; getElementById(id: string): Element };

const client = createSluiceClient({
  url: new URL('graphql', document.baseURI),
  maxRetryDelayMs: 100,
});

function Ingestion({ id, request }: { readonly id: string; readonly request: RequestRef | null }) {
  const { status, transitions, connection, staleSince, error } = useIngestion(request);
  return (
    <section id={id}>
      <b>{status ?? 'unknown'}</b>{' '}
      <i>{`${transitions.length}: ${transitions.map(({ to }) => to).join(' ')}`}</i>{' '}
      <u>{connection.state}</u> <s>{staleSince ? 'stale' : 'fresh'}</s>{' '}
      <em>{error instanceof GatewayError && error.code}</em>
    </section>
  );
}

function Activity() {
  const { transitions, staleSince } = useActivity({ limit: 3 });
  return (
    <ol aria-busy={staleSince !== null}>
      {transitions.map(({ cursor, to }) => (
        <li key={cursor}>{to}</li>
      ))}
    </ol>
  );
}

function Page({ mappingId }: { readonly mappingId: string }) {
  const { attempt, start } = useStartIngestion();
  const [isShown, setShown] = useState(true);
  const outcome = attempt.state === 'answered' ? attempt.outcome : null;
  const request = outcome?.__typename === 'IngestionSubmitted' ? outcome.request : null;
  return (
    <main>
      <button type="button" onClick={() => void start({ mappingId })}>
        Start
      </button>
      <button type="button" onClick={() => void start({ mappingId: '' })}>
        Try nothing
      </button>
      <button type="button" onClick={() => setShown(!isShown)}>
        Toggle
      </button>
      <p>{attempt.state}</p>
      {isShown && (
        <>
          <Ingestion id="one" request={request} />
          <Ingestion id="other" request={request} />
          <Ingestion id="nobody" request={{ mappingId, requestId: '999999' }} />
          <Activity />
        </>
      )}
    </main>
  );
}

createRoot(document.getElementById('root')).render(
  <StrictMode>
    <SluiceProvider client={client}>
      <Page mappingId="XDM44" />
    </SluiceProvider>
  </StrictMode>,
);
