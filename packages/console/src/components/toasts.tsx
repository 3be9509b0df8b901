import { useEffect, useSyncExternalStore } from 'react';
import { isolate } from '../format.js';
import { notify } from '../notifications.js';
import { isOwn } from '../own-ingestions.js';
import { toHref } from '../route.js';
import { useSession } from '../session.js';
import { dismissToast, listenToToasts, readToasts, showToast } from '../toast-store.js';

/** Announces what happens to ingestions that this viewer started. It is the page's only announcer. */
export function Toasts() {
  const { live, viewer } = useSession();
  const toasts = useSyncExternalStore(listenToToasts, readToasts);
  useEffect(
    () =>
      live.onEnd((ended) => {
        const { id, mappingId, requestId, status } = ended;
        if (!isOwn(id) && (viewer.name === null || ended.startedBy !== viewer.name)) return;
        const kind = status === 'SUCCESS' ? 'good' : 'bad';
        const text = `${isolate(mappingId)} ${requestId}: ${status.toLowerCase()}.`;
        const href = toHref(['ingestions', mappingId, requestId]);
        showToast({ kind, text, link: { href, label: 'Open' } });
        notify(id, text, href);
      }),
    [live, viewer],
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map(({ key, kind, text, link }) => (
        <div key={key} className={`toast ${kind}`}>
          <span>{text}</span>
          {link && <a href={link.href}>{link.label}</a>}
          <button
            type="button"
            className="quiet"
            aria-label="Dismiss"
            onClick={() => dismissToast(key)}
          >
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
