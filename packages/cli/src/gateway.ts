import { type Connection, resumable } from '@sluice/client';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { CommandError, type ExitCode, exitCodes } from './command-error.js';
import type { TypedDocumentString } from './generated/operations.js';
import { readToken, type Settings } from './settings.js';

/** An error of the API. */
interface ApiError {
  readonly message: string;
  readonly extensions?: { readonly code?: string; readonly retryAfterMs?: number };
}

/** A gateway, as commands talk to it. */
export interface Gateway {
  readonly url: URL;
  /**
   * Ask or change something, over HTTP.
   *
   * @param warn - is told of errors beside what was answered
   * @throws {CommandError} there is no whole answer
   */
  request<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    warn?: (message: string) => void,
  ): Promise<Data>;
  /**
   * Follow something, over a WebSocket, across lost connections: each event once, in order.
   *
   * @throws {CommandError} the gateway refuses it
   */
  follow<Data, Variables extends Record<string, unknown>>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
  ): AsyncIterableIterator<Data>;
  /** @returns stops it */
  onConnection(listener: (connection: Connection) => void): () => void;
  /** @throws {CommandError} there is no answer */
  get(path: string): Promise<Response>;
  close(): Promise<void>;
}

/** Nothing of a request arrived anywhere. */
const NOT_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']);

/** An answer takes no longer, in ms. */
const ANSWER_MS = 60_000;

/**
 * The gateway may or may not have got a request; or it is stopping. The same request may be answered soon.
 */
export class AnswerLostError extends CommandError {}

/** Open one; it connects when it is asked. */
export function openGateway(settings: Settings, signal: AbortSignal): Gateway {
  const { url, credentials } = settings;
  const socketUrl = new URL('graphql', url);
  socketUrl.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const client = resumable(
    createClient({
      url: socketUrl.href,
      webSocketImpl: WebSocket,
      connectionParams: async () => toHeaders(await readToken(credentials)),
    }),
  );

  async function send(path: string, init: RequestInit): Promise<Response> {
    const headers = { ...init.headers, ...toHeaders(await readToken(credentials)) };
    try {
      return await fetch(new URL(path, url), {
        ...init,
        headers,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      });
    } catch (error) {
      signal.throwIfAborted();
      throw toConnectionError(url, error);
    }
  }

  return {
    url,
    async request(document, variables, warn) {
      const response = await send('graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ query: String(document), variables }),
      });
      const { data, errors = [] } = await readResult(response, url, signal);
      const isWhole = data && Object.values(data).some((value) => value !== null);
      const [error] = errors;
      if (error && !isWhole) throw toCommandError(error);
      if (!data) throw notGraphQL(url, response.status);
      for (const { message } of errors) warn?.(message);
      return data as never;
    },
    async *follow(document, variables) {
      const events = client.iterate({ query: String(document), variables });
      const leave = () => void events.return?.();
      signal.addEventListener('abort', leave, { once: true });
      try {
        for await (const { data, errors } of events) {
          const [error] = errors ?? [];
          if (error) throw toCommandError(error as ApiError);
          yield data as never;
        }
      } catch (failure) {
        throw toStreamError(failure);
      } finally {
        signal.removeEventListener('abort', leave);
        leave();
      }
      signal.throwIfAborted();
    },
    onConnection: (listener) => client.connection.listen(() => listener(client.connection.get())),
    get: (path) => send(path, {}),
    async close() {
      await client.dispose();
    },
  };
}

function toHeaders(token: string | null): Record<string, string> {
  return token === null ? {} : { authorization: `Bearer ${token}` };
}

async function readResult(
  response: Response,
  url: URL,
  signal: AbortSignal,
): Promise<{ data?: Record<string, unknown> | null; errors?: readonly ApiError[] }> {
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    signal.throwIfAborted();
    throw toConnectionError(url, error);
  }
  try {
    const result = JSON.parse(text);
    if (typeof result === 'object' && ('data' in result || Array.isArray(result.errors))) {
      return result;
    }
  } catch {
    // What answers is not the gateway, but perhaps a proxy in front of it.
  }
  throw notGraphQL(url, response.status);
}

function notGraphQL(url: URL, status: number): CommandError {
  const message = `${url.href}graphql answered with HTTP ${status} and no GraphQL result.`;
  if (status === 401 || status === 403) {
    return new CommandError(exitCodes.signIn, message, { advice: 'sluice login' });
  }
  const advice = 'sluice doctor';
  return status >= 502 && status <= 504
    ? new AnswerLostError(exitCodes.failed, message, { advice })
    : new CommandError(exitCodes.failed, message, { advice });
}

function toConnectionError(url: URL, error: unknown): CommandError {
  const cause = (error as Error).cause as (Error & { code?: string }) | undefined;
  const reason = cause?.message || cause?.code || (error as Error).message;
  const details = { advice: 'sluice doctor', cause: error };
  return NOT_SENT.has(cause?.code ?? '')
    ? new CommandError(exitCodes.failed, `${url.href} cannot be reached: ${reason}`, details)
    : new AnswerLostError(exitCodes.failed, `${url.href} did not answer: ${reason}`, details);
}

const EXITS: Readonly<Record<string, ExitCode>> = {
  BAD_USER_INPUT: exitCodes.usage,
  UNAUTHENTICATED: exitCodes.signIn,
  FORBIDDEN: exitCodes.signIn,
};

const ADVICE: Readonly<Record<string, string>> = {
  UNAUTHENTICATED: 'sluice login',
  FORBIDDEN: 'ask the operator of the gateway for this right, or for this mapping',
  SIGN_IN_UNAVAILABLE: 'try again later',
  GRAPHQL_VALIDATION_FAILED: 'sluice doctor: the gateway may be older than this command',
  CURSOR_INVALID: 'leave out --after; sluice list shows what you missed',
  INGESTION_REQUEST_NOT_FOUND: 'check both ids',
  ADMINISTRATION_UNAVAILABLE:
    'change it in Campaign; the operator can set CAMPAIGN_ADMIN_CLIENT_ID where the upstream is Sluice’s own Campaign service',
};

/** What an error of the API means for a command. */
export function toCommandError({
  message,
  extensions: { code = '' } = {},
}: ApiError): CommandError {
  const details = { code: code || undefined, advice: ADVICE[code] };
  const exitCode = EXITS[code] ?? exitCodes.failed;
  return code === 'SHUTTING_DOWN'
    ? new AnswerLostError(exitCode, message, details)
    : new CommandError(exitCode, message, details);
}

function toStreamError(failure: unknown): unknown {
  if (Array.isArray(failure) && failure.length > 0) return toCommandError(failure[0]);
  const { code, reason } = Object(failure) as { code?: unknown; reason?: unknown };
  if (code === 4401) {
    return toCommandError({
      message: String(reason || 'The gateway refused the token.'),
      extensions: { code: 'UNAUTHENTICATED' },
    });
  }
  if (failure instanceof Error) return failure;
  return new CommandError(exitCodes.failed, `The gateway closed the WebSocket: ${code} ${reason}`, {
    advice: 'sluice doctor',
  });
}
