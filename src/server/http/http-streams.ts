import { setTimeout } from 'node:timers/promises';
import { ShuttingDownError, UnauthenticatedError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import { type Refusal, shuttingDown } from '../admission/refusal.js';
import { startPings } from '../connections/socket-pings.js';
import { closeSpread } from '../connections/spread.js';
import type { SocketQuota } from '../limits/socket-quota.js';
import type { Operations } from '../operations/operations.js';
import type { Client } from '../sign-in/client.js';
import { onceExpired } from '../sign-in/expiry.js';
import type { SignIn } from '../sign-in/sign-in.js';
import { HttpStream, type StreamForm, type StreamHost } from './http-stream.js';

/** How often a stream sends a heartbeat: well below the 60 s after which proxies cut an idle connection. */
const HEARTBEAT_MS = 15_000;

/** The streams over HTTP, with any protocol. They count as WebSockets do. */
export type HttpStreams = ReturnType<typeof createHttpStreams>;

/** Create the set of streams over HTTP. */
export function createHttpStreams({
  operations,
  signIn,
  clock,
  quota,
  maxOperations,
}: {
  readonly operations: Operations;
  readonly signIn: SignIn;
  readonly clock: Clock;
  readonly quota: SocketQuota;
  /** How many operations may be in progress on one stream. */
  readonly maxOperations: number;
}) {
  /** Each with what to call once it is left. */
  const streams = new Map<HttpStream, () => void>();
  const taken = new Set<HttpStream>();
  const pings = startPings(taken, clock, HEARTBEAT_MS);
  const host: StreamHost = {
    maxOperations,
    clock,
    formatFailure: (failure) => operations.formatFailure(failure),
    onHeard: (stream) => pings.heard(stream),
    onTaken: (stream) => void taken.add(stream),
    onLeft(stream) {
      streams.get(stream)?.();
      streams.delete(stream);
      taken.delete(stream);
    },
  };
  let isDraining = false;
  signIn.onRevoked((callers) => {
    for (const stream of streams.keys()) stream.revoke(callers);
  });

  async function endForRestart(stream: HttpStream, delayMs: number): Promise<void> {
    await Promise.race([stream.left, Promise.all([stream.finish(), setTimeout(delayMs)])]);
    stream.fail(new ShuttingDownError());
    await stream.left;
  }

  return {
    /** Create a stream for a caller, or say why not. */
    create(client: Client, form: StreamForm, onLeft?: () => void): HttpStream | Refusal {
      // A request may have begun to arrive before the drain.
      const refusal = isDraining ? shuttingDown : quota.refusal(client.key);
      if (refusal) return refusal;
      quota.enter(client.key);
      const stream = new HttpStream(client, form, host);
      let cancelExpiry = () => {};
      streams.set(stream, () => {
        cancelExpiry();
        quota.leave(client.key);
        onLeft?.();
      });
      const expired = new UnauthenticatedError('expired');
      cancelExpiry = onceExpired(clock, client.caller.expiresAt, () => stream.fail(expired));
      if (!stream.hasEnded) return stream;
      stream.leave();
      return { status: 401, code: expired.code, message: expired.message };
    },
    get streamCount() {
      return streams.size;
    },
    /** How many bytes are queued for slow clients. */
    get bufferedBytes() {
      let bytes = 0;
      for (const { bufferedBytes } of streams.keys()) bytes += bufferedBytes;
      return bytes;
    },
    /** Answer what is in progress, and end every stream, spread over a moment; resolves when all are closed. */
    async drain(): Promise<void> {
      isDraining = true;
      await closeSpread([...streams.keys()], endForRestart);
      pings.stop();
    },
  };
}
