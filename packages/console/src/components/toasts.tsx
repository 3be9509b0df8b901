import { useEffect, useSyncExternalStore } from 'react';
import { toHref } from '../route.js';
import { useSession } from '../session.js';
import { listenToToasts, readToasts, say, unsay } from '../toast-store.js';

/** Announces what happens to ingestions that this viewer started. It is the page's only announcer. */
export function Toasts() {
  const { live, own, viewer } = useSession();
  const toasts = useSyncExternalStore(listenToToasts, readToasts);
  useEffect(
    () =>
      live.onEnd((ended) => {
        const isOwn =
          own.has(ended.id) || (viewer.name !== null && ended.startedBy === viewer.name);
        if (!isOwn) return;
        const isGood = ended.status === 'SUCCESS';
        say({
          kind: isGood ? 'good' : 'bad',
          text: `${ended.mappingId} ${ended.requestId}: ${isGood ? 'success' : ended.status.toLowerCase()}.`,
          link: { href: toHref(['ingestions', ended.mappingId, ended.requestId]), label: 'Open' },
        });
      }),
    [live, own, viewer],
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ key, kind, text, link }) => (
        <div key={key} className={`toast ${kind}`}>
          <span>{text}</span>
          {link && <a href={link.href}>{link.label}</a>}
          <button type="button" className="quiet" aria-label="Dismiss" onClick={() => unsay(key)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
