import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** One received request. */
export interface RecordedCall {
  readonly method: string;
  /** Path and query, byte for byte as received. */
  readonly rawPath: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The connection that carried it, counted from 0. */
  readonly connection: number;
  /** When it had arrived, in ms of `performance.now()`. */
  readonly arrivedAt: number;
}

/** The response to one request, made by the functions below. */
export type ScriptedAnswer = (response: ServerResponse, call: RecordedCall) => void;

/** A real HTTP server on its own port, which answers as the test scripts it. */
export interface ScriptedUpstream {
  /** Without a trailing slash. */
  readonly url: string;
  /** Every request so far, in the order of arrival. */
  readonly calls: readonly RecordedCall[];
  /** Answer the next requests like this, one answer each, after those already scripted. */
  script(...answers: ScriptedAnswer[]): void;
  /**
   * Answer so whenever nothing is scripted, instead of the 599 that tells of a request nobody expected.
   */
  otherwise(answer: ScriptedAnswer): void;
  /** Resolves with all requests once so many have arrived. */
  arrived(count: number): Promise<readonly RecordedCall[]>;
  /** Resolves once the client has closed the connection of a request. */
  hungUp(call: RecordedCall): Promise<void>;
  close(): Promise<void>;
}

/** Start a scripted upstream. Close it when the test is over; that cuts every connection. */
export async function startScriptedUpstream(): Promise<ScriptedUpstream> {
  const calls: RecordedCall[] = [];
  const answers: ScriptedAnswer[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  const sockets: Socket[] = [];
  let fallback = text(599, 'nothing is scripted for this request');

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const call: RecordedCall = {
        method: request.method ?? '',
        rawPath: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
        connection: sockets.indexOf(request.socket),
        arrivedAt: performance.now(),
      };
      calls.push(call);
      (answers.shift() ?? fallback)(response, call);
      for (const waiter of waiters) if (calls.length >= waiter.count) waiter.resolve();
    });
  });
  server.on('connection', (socket) => {
    // A client may disconnect at any time; a test that cares looks at the client.
    socket.on('error', () => {});
    sockets.push(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    script: (...more) => void answers.push(...more),
    otherwise: (answer) => {
      fallback = answer;
    },
    async arrived(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiters.push({ count, resolve });
      if (calls.length >= count) resolve();
      await promise;
      return calls;
    },
    async hungUp({ connection }) {
      const socket = sockets[connection];
      if (!socket || socket.destroyed) return;
      await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Answer JSON. */
export function json(
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer {
  return text(status, JSON.stringify(value), { 'content-type': 'application/json', ...headers });
}

/** Answer with a text unchanged, JSON or not. */
export function text(
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): ScriptedAnswer {
  return (response) => response.writeHead(status, headers).end(body);
}

/** Accept the request and cut the connection without an answer. */
export function reset(): ScriptedAnswer {
  return (response) => void (response.socket as Socket).resetAndDestroy();
}

/** Accept the request and never answer. */
export function hang(): ScriptedAnswer {
  return () => {};
}

/** Announce a longer body than is sent, then cut the connection. */
export function truncated(status: number, body: string): ScriptedAnswer {
  return (response) => {
    response.writeHead(status, { 'content-length': String(Buffer.byteLength(body) + 10) });
    response.write(body, () => response.socket?.destroy());
  };
}

/** Send the beginning of an answer, and never the rest. */
export function stalled(status: number, beginning: string): ScriptedAnswer {
  return (response) => void response.writeHead(status).write(beginning);
}

/** Answer, and then close the connection without having announced it. */
export function answerAndCut(answer: ScriptedAnswer): ScriptedAnswer {
  return (response, call) => {
    response.on('finish', () => response.socket?.end());
    answer(response, call);
  };
}

/** Send these bytes instead of an HTTP answer. */
export function raw(bytes: string): ScriptedAnswer {
  return (response) => void response.socket?.end(bytes);
}

/** Send an endless body, as fast as it is read, until the client hangs up. No length is announced. */
export function endless(status = 200): ScriptedAnswer {
  return (response) => {
    const chunk = Buffer.alloc(64 * 1024, 0x20);
    const pump = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.writeHead(status).on('drain', pump);
    pump();
  };
}

/** Hold the answer until the test releases it. */
export function held(answer: ScriptedAnswer): { answer: ScriptedAnswer; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    answer: (response, call) => void promise.then(() => answer(response, call)),
    release: resolve,
  };
}
