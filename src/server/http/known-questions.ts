import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { toAddressKey } from '../admission/caller-key.js';
import type { ClientAddress } from '../admission/client-address.js';
import type { UnreadAnswers } from '../connections/unread-answers.js';
import type { Allowance } from '../limits/allowance.js';
import type { Quota } from '../limits/quota.js';
import { toEncoding } from '../operations/content-encoding.js';
import type { OperationReporter } from '../operations/operation-log.js';
import type { SharedAnswer, SharedAnswers } from '../operations/shared-answers.js';
import { type Client, toClient } from '../sign-in/client.js';
import type { HttpSignIn } from './http-sign-in.js';
import { protocolOf } from './streamed-requests.js';

/** What was done for a request before it was passed on. */
export interface PreparedRequest {
  /** Its body: it can't be read twice. */
  readonly body: Buffer;
  /** Whether it was counted against the caller's requests. */
  readonly isCounted: boolean;
}

/** As nearly all clients write it; other spellings take the common way. */
const types: ReadonlySet<string | undefined> = new Set([
  'application/json',
  'application/json; charset=utf-8',
  'application/json;charset=utf-8',
]);

/** Longer bodies take the common way, which has the limit that operators set. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * Answer a question that was asked before, in place of the server's own listener, with as little work as possible: its
 * body is compared as bytes, and the
 * framework never hears of it. Everything else is passed on.
 *
 * @see docs/adr/0035-asking-is-as-fast-as-being-told.md
 */
export function createKnownQuestions({
  path,
  answers,
  signIn,
  requests,
  work,
  reportOperation,
  addressOf,
  isServing,
  isOrdinary,
  takeTurn,
  unreadAnswers,
  headers,
}: {
  /** Where GraphQL is. */
  readonly path: string;
  readonly answers: SharedAnswers;
  readonly signIn: Pick<HttpSignIn, 'recall'>;
  readonly requests: Allowance;
  readonly work: Quota;
  readonly reportOperation: OperationReporter;
  readonly addressOf: ClientAddress;
  /** Whether connections are kept. It may change while a body arrives. */
  readonly isServing: () => boolean;
  /** Whether a request may come in, and its answer has the headers of every answer. */
  readonly isOrdinary: (request: IncomingMessage) => boolean;
  /** Start this in its turn. */
  readonly takeTurn: (request: IncomingMessage, response: ServerResponse, work: () => void) => void;
  readonly unreadAnswers: UnreadAnswers;
  /** Those of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}) {
  const preparedRequests = new WeakMap<IncomingMessage, PreparedRequest>();
  const constantHeaders = Object.entries(headers).flat();

  /** The length of its body, if the request may be answered here; else null. */
  function toLength(request: IncomingMessage): number | null {
    const { method, url, headers: sent } = request;
    if (method !== 'POST' || url !== path || !types.has(sent['content-type'])) return null;
    if (sent['content-encoding'] !== undefined || sent['transfer-encoding'] !== undefined)
      return null;
    const length = Number(sent['content-length']);
    if (!(length > 0 && length <= MAX_BODY_BYTES)) return null;
    return isServing() && protocolOf(request) === null && isOrdinary(request) ? length : null;
  }

  function count(client: Client, { operationName }: SharedAnswer, startedAt: number): void {
    work.take(client.key, 1)();
    reportOperation({
      transport: 'http',
      type: 'query',
      name: operationName,
      caller: client.caller.name,
      durationMs: performance.now() - startedAt,
      errorCodes: [],
    });
  }

  /** What was found in this turn of the event loop, with where to send it. */
  const found: [IncomingMessage, ServerResponse, SharedAnswer][] = [];

  /**
   * Send all that was found in this turn, one right after another: each write may wake a sleeping client or proxy on
   * this machine, which costs more than the rest of the answer, and those that follow find it awake.
   */
  function sendFound(): void {
    for (const one of found.splice(0)) send(...one);
  }

  function send(
    { socket }: IncomingMessage,
    response: ServerResponse,
    { contentType, encoding, body }: SharedAnswer,
  ): void {
    const head = [
      ...constantHeaders,
      'content-type',
      contentType,
      'content-length',
      String(Buffer.byteLength(body)),
    ];
    if (encoding !== 'identity') head.push('content-encoding', encoding);
    // A drain may have begun meanwhile, which closes the connections that are not in use.
    if (!isServing()) head.push('connection', 'close');
    response.writeHead(200, head).end(body);
    // Nearly always the system has taken all of it by now.
    if (response.socket?.writableLength !== 0) unreadAnswers.add(response, socket);
  }

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    next: RequestListener,
  ): Promise<void> {
    const startedAt = performance.now();
    let isCounted = false;
    const passOn = () => {
      preparedRequests.set(request, { body, isCounted });
      next(request, response);
    };
    const { headers: sent } = request;
    const caller = signIn.recall(sent.authorization);
    if (!caller) return passOn();
    const client = toClient(caller, toAddressKey(addressOf(request)));
    const key = answers.toKey({
      caller,
      method: 'POST',
      url: path,
      accept: sent.accept,
      encoding: toEncoding(sent['accept-encoding']),
      body: body.toString('latin1'),
    });
    if (!answers.find(key)) return passOn();
    let known: SharedAnswer | null = null;
    try {
      await requests.take(client.key, 1);
      isCounted = true;
      // Something may have changed meanwhile.
      known = isServing() ? answers.find(key) : null;
      if (known) count(client, known, startedAt);
    } catch {
      // Whoever is refused is told why where everybody is.
      known = null;
    }
    if (!known) return passOn();
    if (found.push([request, response, known]) === 1) setImmediate(sendFound);
  }

  return {
    /** Count an answer that is given again as an operation. @throws {TooManyOperationsError} */
    count,
    /** What was done for a request that was passed on; undefined if nothing was. */
    preparedRequest: (request: IncomingMessage): PreparedRequest | undefined =>
      preparedRequests.get(request),
    /** Node's listener: it passes on whatever is not known, or takes more than a look. */
    before:
      (next: RequestListener): RequestListener =>
      (request, response) => {
        const length = toLength(request);
        if (length === null) return next(request, response);
        takeTurn(request, response, () => {
          const parts: Buffer[] = [];
          request.on('data', (part: Buffer) => parts.push(part));
          request.on('end', () => {
            const [first = Buffer.alloc(0)] = parts;
            const body = parts.length === 1 ? first : Buffer.concat(parts, length);
            void answer(request, response, body, next);
          });
        });
      },
  };
}
