import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { setUpSession, unlimited } from './postgres.session.js';

/** How often to check the connection, and how long the answer may take, in ms. */
const HEARTBEAT_MS = 5_000;
const HEARTBEAT_TIMEOUT_MS = 5_000;

/** The pause before connecting again, in ms: the first and the longest. */
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;

/**
 * Listen on a channel, over a separate connection, until stopped.
 *
 *     connecting ──▶ listening ──it is lost, or does not answer──▶ pausing ──▶ connecting …
 *
 * A listener can go deaf silently (its server was restarted, a router forgot the connection), so it is checked
 * regularly. Whatever it hears is only a hint to look.
 */
export function startPostgresListener(options: {
  readonly url: string;
  readonly channel: string;
  readonly connectTimeoutMs: number;
  /** Called with each notification's payload, and with null when some may have been missed. */
  readonly hear: (payload: string | null) => void;
  /** Called whenever it begins to listen, and whenever it stops listening. */
  readonly onListening?: ((isListening: boolean) => void) | undefined;
}): { stop(): Promise<void> } {
  const { url, channel, connectTimeoutMs, hear, onListening } = options;
  const stopping = new AbortController();
  const { signal } = stopping;

  async function listen(onBegun: () => void): Promise<void> {
    const socket = new Socket();
    const client = new pg.Client({
      connectionString: url,
      stream: () => socket,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: HEARTBEAT_TIMEOUT_MS,
      application_name: 'sluice listener',
    });
    const lost = new AbortController();
    const onLost = () => lost.abort();
    client.on('error', onLost);
    client.on('end', onLost);
    client.on('notification', ({ payload }) => hear(payload ?? null));
    signal.addEventListener('abort', onLost);
    lost.signal.addEventListener('abort', () => socket.destroy());
    try {
      await client.connect();
      await setUpSession(client, { limits: unlimited, schema: null });
      await client.query(`listen ${channel}`);
      onBegun();
      onListening?.(true);
      hear(null);
      while (!lost.signal.aborted) {
        await delay(HEARTBEAT_MS, null, { signal: lost.signal });
        await client.query('select 1');
      }
    } finally {
      onListening?.(false);
      signal.removeEventListener('abort', onLost);
      socket.destroy();
    }
  }

  async function run(): Promise<void> {
    let pauseMs = MIN_PAUSE_MS;
    while (!signal.aborted) {
      // However it ends, there will be another.
      await listen(() => {
        pauseMs = MIN_PAUSE_MS;
      }).catch(() => {});
      await delay(pauseMs, null, { signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
