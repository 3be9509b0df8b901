import type { ReactNode } from 'react';
import { pageContent } from '../page-content.js';
import { DurationsPage } from '../pages/durations.js';
import { IngestionPage } from '../pages/ingestion.js';
import { IngestionsPage } from '../pages/ingestions.js';
import { MappingPage } from '../pages/mapping.js';
import { MappingsPage } from '../pages/mappings.js';
import { StartPage } from '../pages/start.js';
import { toHref, useRoute } from '../route.js';
import { useHasRight, useSession } from '../session.js';
import { ConnectionState } from './connection-state.js';
import { KeyList } from './key-list.js';
import { Notice } from './notice.js';
import { Toasts } from './toasts.js';

/** The frame of every page. */
export function Shell({ onSignOut }: { readonly onSignOut: () => void }) {
  const { viewer } = useSession();
  const mayStart = useHasRight('ingestion:start');
  const [section = 'ingestions'] = useRoute().path;
  const link = (name: string, label: string) => (
    <a href={toHref([name])} aria-current={section === name ? 'page' : undefined}>
      {label}
    </a>
  );
  return (
    <>
      <header className="bar">
        <a className="brand" href={toHref(['ingestions'])}>
          Sluice
        </a>
        <nav aria-label="Pages">
          {link('ingestions', 'Ingestions')}
          {link('mappings', 'Mappings')}
          {link('durations', 'Durations')}
          {pageContent.explorerPath && <a href={`.${pageContent.explorerPath}`}>Explorer</a>}
        </nav>
        <div className="bar-end">
          <ConnectionState />
          {viewer.name !== null && (
            <button type="button" className="quiet" onClick={onSignOut} title="Forget the token">
              Sign out {viewer.name}
            </button>
          )}
          {mayStart && (
            <a className="button primary" href={toHref(['start'])}>
              Start
            </a>
          )}
        </div>
      </header>
      <main>
        <Page />
      </main>
      <KeyList />
      <Toasts />
    </>
  );
}

function Page(): ReactNode {
  const [section = 'ingestions', mappingId, requestId] = useRoute().path;
  const mayRead = useHasRight('ingestion:read');
  if (section === 'start') return <StartPage />;
  if (!mayRead) {
    return (
      <div className="page">
        <h1>Sluice</h1>
        <Notice kind="info" title="You may not see ingestions.">
          That needs the right ingestion:read. Ask the operator for it.
        </Notice>
      </div>
    );
  }
  switch (section) {
    case 'ingestions':
      if (mappingId === undefined || requestId === undefined) return <IngestionsPage />;
      return (
        <IngestionPage
          key={`${mappingId}/${requestId}`}
          mappingId={mappingId}
          requestId={requestId}
        />
      );
    case 'mappings':
      return mappingId === undefined ? (
        <MappingsPage />
      ) : (
        <MappingPage key={mappingId} mappingId={mappingId} />
      );
    case 'durations':
      return <DurationsPage />;
    default:
      return (
        <div className="page">
          <h1>Sluice</h1>
          <Notice kind="info" title="There is no such page.">
            <a href={toHref(['ingestions'])}>Go to the ingestions</a>
          </Notice>
        </div>
      );
  }
}
