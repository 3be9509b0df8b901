import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { RequestRef } from '../../src/ingestion/ingestion-request.js';

/** How the life of a request ends, as the upstream says it. */
const endings = ['Success', 'Failed', 'Aborted'] as const;

/** What the upstream will have done of a request, once it is over. */
export interface Life {
  readonly ref: RequestRef;
  readonly begunAt: number;
  /** By the clock of this process, in ms since the epoch; null where polls decide when it is over. */
  readonly endsAt: number | null;
  readonly ending: (typeof endings)[number];
  readonly info: string;
  readonly numRecords: number;
}

interface Playing extends Life {
  endsAt: number | null;
  /** So many more polls are told that it is running. */
  runningPolls: number;
  /** So many polls after the end are told that it is running again: a fault, which must change nothing. */
  regressions: number;
}

/** An upstream that plays many requests through their lives, with some faults. */
export interface BusyUpstream {
  readonly url: string;
  /** Every request that ever was, by its id. */
  readonly lives: ReadonlyMap<string, Life>;
  /** How many polls were answered with a status, and how many with a fault. */
  readonly counts: { readonly answers: number; readonly faults: number };
  /** Begin a request past the gateway. */
  begin(mappingId: string): Life;
  /** Let all that run for a time be over by now. */
  endAll(): void;
  close(): Promise<void>;
}

/** How a busy upstream behaves, where not as it always does. */
export interface BusyOptions {
  /** How long a request runs, in ms; where left out, it runs for some polls. */
  readonly lifeMs?: () => number;
  /** Told of each poll that meets no fault: the call that met one is repeated at once. */
  readonly onPoll?: () => void;
}

/** How often a call meets a fault, whichever it is. */
const FAULT_SHARE = 0.02;

/**
 * Start one. A request is told to be running at its start and to its next few polls, then to be over, with
 * one ending for good.
 *
 * @param random - decides lives and faults
 */
export async function startBusyUpstream(
  random: () => number,
  { lifeMs, onPoll }: BusyOptions = {},
): Promise<BusyUpstream> {
  const lives = new Map<string, Playing>();
  const counts = { answers: 0, faults: 0 };

  function begin(mappingId: string): Playing {
    const requestId = String(lives.size + 1);
    const ending = endings[Math.floor(random() * endings.length)] ?? 'Success';
    const begunAt = Date.now();
    const life: Playing = {
      ref: { mappingId, requestId },
      begunAt,
      endsAt: lifeMs ? begunAt + lifeMs() : null,
      ending,
      info: `Mapping Id: ${mappingId}. Request ${requestId} came to ${ending}.`,
      numRecords: ending === 'Success' ? Math.floor(random() * 1_000) : 0,
      runningPolls: lifeMs ? 0 : Math.floor(random() * 8),
      regressions: random() < 0.1 ? 2 : 0,
    };
    lives.set(requestId, life);
    return life;
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://upstream');
    const mappingId = decodeURIComponent(pathname.split('/').at(-2) ?? '');
    const send = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.method === 'POST') {
      const { requestId } = begin(mappingId).ref;
      const info = `Ingestion request submitted successfully for the Mapping ID: ${mappingId}`;
      send(200, { requestId, info, status: 'Success' });
      return;
    }
    if (random() < FAULT_SHARE) {
      counts.faults += 1;
      if (random() < 0.5) (response.socket as Socket).resetAndDestroy();
      else send(random() < 0.5 ? 500 : 502, { message: 'out of order' });
      return;
    }
    onPoll?.();
    const life = lives.get(searchParams.get('requestId') ?? '');
    if (!life) {
      send(404, { message: 'no such request' });
      return;
    }
    counts.answers += 1;
    send(200, { requestId: life.ref.requestId, batchId: '', ...stateOf(life) });
  }

  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  server.on('connection', (socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lives,
    counts,
    begin,
    endAll() {
      const now = Date.now();
      for (const life of lives.values()) {
        if (life.endsAt !== null) life.endsAt = Math.min(life.endsAt, now);
      }
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** What the next poll is told. */
function stateOf(life: Playing): { status: string; info: string; numRecords: number } {
  const running = { status: 'In Progress', info: 'It runs.', numRecords: 0 };
  if (life.endsAt !== null && Date.now() < life.endsAt) return running;
  if (life.runningPolls > 0) {
    life.runningPolls -= 1;
    return running;
  }
  const over = { status: life.ending, info: life.info, numRecords: life.numRecords };
  if (life.regressions === 0) return over;
  life.regressions -= 1;
  // The end first, then back, then the end for good.
  return life.regressions === 1 ? over : running;
}
