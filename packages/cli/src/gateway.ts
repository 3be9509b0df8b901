import {
  createSluiceClient,
  GatewayError,
  type SluiceClient,
  type TypedText,
} from '@sluice/client';
import { WebSocket } from 'ws';
import { CommandError, type ExitCode, exitCodes } from './command-error.js';
import { readToken, type Settings } from './settings.js';

/** A gateway, as commands use it. All its errors are for {@link toCommandError}. */
export interface Gateway extends Pick<SluiceClient, 'start' | 'connection'> {
  readonly url: URL;
  /** Send a query or a mutation, once. */
  request<Data, Variables>(
    document: TypedText<Data, Variables>,
    variables: Variables,
  ): Promise<Data>;
  /** Subscribe, across lost connections: each event once, in order. */
  subscribe<Data, Variables extends Record<string, unknown>>(
    document: TypedText<Data, Variables>,
    variables: Variables,
  ): AsyncIterableIterator<Data>;
  /** Fetch one of the gateway's pages for probes. */
  get(path: string): Promise<Response>;
  close(): Promise<void>;
}

/** How long an answer may take, in ms. */
const ANSWER_MS = 60_000;

/** Open a gateway; it connects on demand. */
export function openGateway({ url, credentials }: Settings, signal: AbortSignal): Gateway {
  const client = createSluiceClient({
    url: new URL('graphql', url),
    webSocketImpl: WebSocket,
    token: async () => (await readToken(credentials)) ?? '',
  });
  const inTime = () => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  return {
    url,
    connection: client.connection,
    start: (input) => client.start(input, { signal }),
    request: (document, variables) => client.request(document, variables, { signal: inTime() }),
    subscribe: (document, variables) => client.subscribe(document, variables, { signal }),
    get: (path) => fetch(new URL(path, url), { signal: inTime() }),
    close: () => client.dispose(),
  };
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
  ADMINISTRATION_UNAVAILABLE: 'change it in Campaign: the gateway cannot',
};

/** The close code of a WebSocket whose token is refused. */
const UNAUTHORIZED_CLOSE = 4401;

/** Errors that mean that there was no answer; those of `fetch` have a cause. */
const UNANSWERED: ReadonlySet<string> = new Set([
  'AnswerLostError',
  'ConnectionLostError',
  'TimeoutError',
]);

/** Describe an error of a gateway to the user. */
export function toCommandError(url: URL, failure: unknown): CommandError {
  if (failure instanceof CommandError) return failure;
  if (failure instanceof GatewayError) {
    const code = failure.code ?? '';
    return new CommandError(EXITS[code] ?? exitCodes.failed, failure.message, {
      code: code || undefined,
      advice: ADVICE[code],
    });
  }
  const { code, reason } = Object(failure) as { code?: unknown; reason?: unknown };
  if (code === UNAUTHORIZED_CLOSE) {
    return new CommandError(exitCodes.signIn, `The gateway does not accept the token: ${reason}`, {
      code: 'UNAUTHENTICATED',
      advice: 'sluice login',
    });
  }
  const advice = 'sluice doctor';
  if (!(failure instanceof Error)) {
    const message = `${url.href} closed the WebSocket: ${code ?? ''} ${reason ?? ''}`;
    return new CommandError(exitCodes.failed, message, { advice });
  }
  if (!UNANSWERED.has(failure.name) && !failure.cause) {
    return new CommandError(exitCodes.failed, `A bug in this command: ${failure.stack}`);
  }
  const message = `${url.href} did not answer: ${toReason(failure)}`;
  return new CommandError(exitCodes.failed, message, { advice, cause: failure });
}

/** The innermost cause says most. */
function toReason({ name, message, cause }: Error): string {
  if (cause instanceof Error) return toReason(cause);
  if (name === 'SyntaxError') return 'the answer is not from a gateway';
  return message;
}
