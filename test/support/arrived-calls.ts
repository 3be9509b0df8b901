import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import type { ArrivedCall } from './test-upstream.js';

const PATH = /\/campaign\/dataIngestion\/xdmIngestion\/([^/]+)\/ingest(?:\?|$)/;

/** @returns null for a call that is not recorded */
export function toArrivedCall(method: string, rawPath: string): ArrivedCall | null {
  if (method === 'HEAD') return { operation: 'check', mappingId: '', rawPath };
  const [, mappingId] = PATH.exec(rawPath) ?? [];
  if (mappingId === undefined || (method !== 'GET' && method !== 'POST')) return null;
  return {
    operation: method === 'POST' ? 'start' : 'status',
    mappingId: decodeURIComponent(mappingId),
    rawPath,
  };
}

/** The calls that arrived at a port. */
export interface ArrivedCalls {
  readonly calls: readonly ArrivedCall[];
  /** Resolves with all calls once so many have arrived. */
  arrived(count: number): Promise<readonly ArrivedCall[]>;
  stop(): void;
}

/**
 * Listen to what Node.js itself tells of the requests that its HTTP servers get: so a server in this process
 * is left as it is.
 *
 * @param ignored - the `user-agent` of calls that are not to be noted
 */
export function listenToCalls(port: number, ignored: string): ArrivedCalls {
  const calls: ArrivedCall[] = [];
  let waiters: { readonly count: number; readonly resolve: () => void }[] = [];

  function note(message: unknown): void {
    const { request } = message as { request: IncomingMessage };
    const { method = '', url = '', headers, socket } = request;
    if (socket.localPort !== port || headers['user-agent'] === ignored) return;
    const call = toArrivedCall(method, url);
    if (call === null) return;
    calls.push(call);
    for (const { count, resolve } of waiters) if (calls.length >= count) resolve();
    waiters = waiters.filter(({ count }) => calls.length < count);
  }

  subscribe('http.server.request.start', note);
  return {
    calls,
    async arrived(count) {
      if (calls.length < count) {
        await new Promise<void>((resolve) => waiters.push({ count, resolve }));
      }
      return calls;
    },
    stop: () => void unsubscribe('http.server.request.start', note),
  };
}
