import { useSyncExternalStore } from 'react';
import { toDistance } from '../format.js';
import { useSession } from '../session.js';
import { useNow } from '../use-now.js';

/** Whether the page is up to date, or how old it is. */
export function ConnectionState() {
  const { live } = useSession();
  const connection = useSyncExternalStore(live.listen, live.connection);
  const now = useNow();
  switch (connection.state) {
    case 'idle':
    case 'connecting':
      return <span className="connection waiting">Connecting…</span>;
    case 'connected':
      return <span className="connection waiting">Catching up…</span>;
    case 'upToDate':
      return <span className="connection live">Live</span>;
    case 'reconnecting':
      return (
        <span className="connection lost" title="It reconnects automatically, and misses nothing.">
          Reconnecting, seen {toDistance(connection.since, now)}
        </span>
      );
  }
}
