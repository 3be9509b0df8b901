import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GraphQLError, type GraphQLFormattedError, OperationTypeNode } from 'graphql';
import type { Clock } from '../../ingestion/ports.js';
import type { Arrival } from '../../resolvers/operation-context.js';
import type { Refuse } from '../admission/http-refusal.js';
import type { Allowance } from '../limits/allowance.js';
import {
  type AdmittedOperation,
  OperationRefused,
  type OperationResult,
  type Operations,
} from '../operations/operations.js';
import type { Client } from '../sign-in/client.js';
import { toPayload } from './http-graphql.js';
import { toHttpStatus } from './http-status.js';
import { HttpStream } from './http-stream.js';
import type { HttpStreams } from './http-streams.js';
import { multipartForm, multipartFrames } from './multipart.js';
import {
  COMPLETED_EVENT_ID,
  sharedSseForm,
  sseForm,
  toSharedSseFrames,
  toSseFrames,
} from './sse.js';

/** A protocol with streamed answers. */
export type StreamProtocol = Exclude<Arrival['transport'], 'http' | 'websocket'>;

/** A request of a caller who may make it, and its answer. */
export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly client: Client;
  /** The JSON of its body; undefined if it has none. */
  readonly body: unknown;
}

/** How long a reserved stream waits to be opened. */
const RESERVATION_MS = 30_000;

/** Random bytes, so that nobody can guess a token. */
const TOKEN_BYTES = 24;

/** The maximum length of an operation's id, which each of its results repeats. */
const MAX_ID_LENGTH = 1_024;

const JSON_TYPE = 'application/json; charset=utf-8';

/** Answers requests with streams. */
export type StreamedRequests = ReturnType<typeof createStreamedRequests>;

/** Create what streamed answers need. */
export function createStreamedRequests({
  operations,
  streams,
  requests,
  clock,
  refuse,
}: {
  readonly operations: Operations;
  readonly streams: HttpStreams;
  readonly requests: Allowance;
  readonly clock: Clock;
  readonly refuse: Refuse;
}) {
  /** Streams that several operations share, by their tokens. */
  const sharedStreams = new Map<string, HttpStream>();

  const reject = (reply: FastifyReply, status: number, message: string) =>
    refuse(reply, { status, code: status === 404 ? 'NOT_FOUND' : 'BAD_REQUEST', message });

  const noStream = (reply: FastifyReply) =>
    reject(reply, 404, 'There is no such stream. Reserve one with PUT, and send its token.');

  const answerErrors = (
    reply: FastifyReply,
    errors: readonly GraphQLFormattedError[],
    toStatus: (body: string) => number,
  ) => {
    const body = JSON.stringify({ errors });
    return reply.code(toStatus(body)).type(JSON_TYPE).send(body);
  };

  /** The operation of a request, why it is not executed, or null if the request was answered already. */
  async function admit(
    { request, reply, client, body }: Exchange,
    arrival: Arrival,
  ): Promise<AdmittedOperation | OperationRefused | null> {
    const payload = toPayload(request, body);
    if (payload instanceof GraphQLError) {
      reject(reply, 400, payload.message);
      return null;
    }
    const admitted = await operations.admit(payload, client, arrival).catch((error) => {
      if (error instanceof OperationRefused) return error;
      throw error;
    });
    if (admitted instanceof OperationRefused || request.method !== 'GET') return admitted;
    if (admitted.type !== OperationTypeNode.MUTATION) return admitted;
    reply.header('allow', 'POST');
    reject(reply, 405, 'Send mutations with POST.');
    return null;
  }

  async function serveSse(exchange: Exchange): Promise<FastifyReply> {
    const { request, reply, client } = exchange;
    const lastEventId = headerOf(request, 'last-event-id');
    if (lastEventId === COMPLETED_EVENT_ID) return reply.code(204).send();
    const admitted = await admit(exchange, { transport: 'sse', lastEventId });
    if (admitted === null) return reply;
    const stream = streams.create(client, sseForm);
    if (!(stream instanceof HttpStream)) return refuse(reply, stream);
    const operation = stream.begin('', toSseFrames(request.method === 'GET'), client);
    if (admitted instanceof OperationRefused) {
      // The status stays 200, because an `EventSource` would hide the reason from its page.
      void operation.next({
        json: Buffer.from(JSON.stringify({ errors: admitted.errors })),
        cursor: null,
      });
      operation.complete();
      operation.free();
    } else {
      const running = operation.run(admitted);
      if (lastEventId !== null) await running;
      // An `EventSource` reconnects whenever an answer ends, unless it gets a 204.
      if (operation.isCompletedEmpty) {
        stream.leave();
        return reply.code(204).send();
      }
    }
    stream.connect(reply);
    return reply;
  }

  async function serveMultipart(exchange: Exchange): Promise<FastifyReply> {
    const { reply, client } = exchange;
    const admitted = await admit(exchange, { transport: 'multipart', lastEventId: null });
    if (admitted === null) return reply;
    if (admitted instanceof OperationRefused) {
      return answerErrors(reply, admitted.errors, (body) => toHttpStatus(400, JSON_TYPE, body));
    }
    if (admitted.type !== OperationTypeNode.SUBSCRIPTION) {
      const { json } = await toOnlyResult(admitted);
      return reply.type(JSON_TYPE).send(json);
    }
    const stream = streams.create(client, multipartForm);
    if (!(stream instanceof HttpStream)) return refuse(reply, stream);
    void stream.begin('', multipartFrames, client).run(admitted);
    stream.connect(reply);
    return reply;
  }

  function reserve({ reply, client }: Exchange): FastifyReply {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    let callOffWait = () => {};
    const stream = streams.create(client, sharedSseForm, () => {
      sharedStreams.delete(token);
      callOffWait();
    });
    if (!(stream instanceof HttpStream)) return refuse(reply, stream);
    callOffWait = clock.schedule(RESERVATION_MS, () => {
      if (!stream.isTaken) stream.leave();
    });
    sharedStreams.set(token, stream);
    return reply.code(201).type('text/plain; charset=utf-8').send(token);
  }

  /** The stream that a request names; null if there is none, or it belongs to another caller. */
  function sharedStreamOf({ request, client }: Exchange): HttpStream | null {
    const stream = sharedStreams.get(tokenOf(request) ?? '');
    return stream?.client.key === client.key ? stream : null;
  }

  async function operate(exchange: Exchange): Promise<FastifyReply> {
    const { request, reply, client, body } = exchange;
    const stream = sharedStreamOf(exchange);
    if (!stream) return noStream(reply);
    const payload = toPayload(request, body);
    const id = payload instanceof GraphQLError ? '' : payload.extensions?.operationId;
    if (!(payload instanceof GraphQLError)) {
      if (typeof id !== 'string' || id === '' || id.length > MAX_ID_LENGTH) {
        const message = `Expected extensions.operationId, of 1 to ${MAX_ID_LENGTH} characters.`;
        return reject(reply, 400, message);
      }
    }
    const admitted = await admit(exchange, { transport: 'sse', lastEventId: null });
    if (admitted === null) return reply;
    if (admitted instanceof OperationRefused) {
      return answerErrors(reply, admitted.errors, () => 400);
    }
    if (stream.hasEnded) return noStream(reply);
    if (stream.has(String(id))) {
      return reject(reply, 409, 'There is an operation with this id on the stream.');
    }
    void stream.begin(String(id), toSharedSseFrames(String(id)), client).run(admitted);
    return reply.code(202).send();
  }

  function cancel(exchange: Exchange): FastifyReply {
    const { request, reply } = exchange;
    const stream = sharedStreamOf(exchange);
    if (!stream) return noStream(reply);
    const id = searchOf(request).get('operationId');
    if (!id) return reject(reply, 400, 'Expected operationId in the query of the URL.');
    stream.cancel(id);
    return reply.code(200).send();
  }

  function open(exchange: Exchange): FastifyReply {
    const { reply } = exchange;
    const stream = sharedStreamOf(exchange);
    if (!stream) return noStream(reply);
    if (stream.isTaken) return reject(reply, 409, 'The stream is open already.');
    stream.connect(reply);
    return reply;
  }

  const serve = (protocol: StreamProtocol, exchange: Exchange) =>
    protocol === 'sse' ? serveSse(exchange) : serveMultipart(exchange);

  return {
    serve,
    /** Serve the path of streams that several operations share. */
    async serveShared(exchange: Exchange): Promise<FastifyReply> {
      const { request, reply, client } = exchange;
      switch (request.method) {
        case 'PUT':
          await requests.take(client.key, 1);
          return reserve(exchange);
        case 'DELETE':
          await requests.take(client.key, 1);
          return cancel(exchange);
        default: {
          // An operation is counted when it is admitted.
          if (tokenOf(request) !== null && !isForStream(request)) return operate(exchange);
          if (tokenOf(request) !== null) {
            await requests.take(client.key, 1);
            return open(exchange);
          }
          const protocol = protocolOf(request, 'sse');
          return protocol ? serve(protocol, exchange) : noStream(reply);
        }
      }
    },
    /**
     * Who reserved the stream that a request opens: browsers send no other credentials with it than its token. Null if
     * the caller must be identified in another way.
     */
    reserverOf(request: FastifyRequest): Client | null {
      if (request.headers.authorization !== undefined || !isForStream(request)) return null;
      return sharedStreams.get(tokenOf(request) ?? '')?.client ?? null;
    },
  };
}

/**
 * The protocol in which a client wants a stream: the first one that it accepts and that is served here. Null if it
 * wants a plain answer.
 *
 * @param otherwise - if it accepts anything
 */
export function protocolOf(
  { headers: { accept } }: Pick<FastifyRequest, 'headers'>,
  otherwise: StreamProtocol | null = null,
): StreamProtocol | null {
  for (const range of (accept ?? '*/*').toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
    switch (type) {
      case 'text/event-stream':
        return 'sse';
      case 'multipart/mixed':
        if (parameters.some((parameter) => /^subscriptionspec="?1\.0"?$/.test(parameter))) {
          return 'multipart';
        }
        break;
      case '*/*':
        return otherwise;
      case 'application/json':
      case 'application/graphql-response+json':
        return null;
    }
  }
  return null;
}

/** Whether a request with a token opens its stream, and is not an operation. */
function isForStream(request: FastifyRequest): boolean {
  return request.method === 'GET' && !searchOf(request).has('query');
}

function tokenOf(request: FastifyRequest): string | null {
  return headerOf(request, 'x-graphql-event-stream-token') ?? searchOf(request).get('token');
}

function headerOf({ headers }: FastifyRequest, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function searchOf({ url }: FastifyRequest): URLSearchParams {
  return new URLSearchParams(url.split('?', 2)[1]);
}

/** The answer to a query or a mutation. */
async function toOnlyResult(admitted: AdmittedOperation): Promise<OperationResult> {
  const { promise, resolve, reject } = Promise.withResolvers<OperationResult>();
  const next = (result: OperationResult) => {
    resolve(result);
    return null;
  };
  await admitted.run({ next, complete: () => {}, fail: reject });
  return promise;
}
