import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseConnection, toErrorBody } from '../admission/http-refusal.js';
import type { Refusal } from '../admission/refusal.js';
import type { RefusalReporter } from '../admission/refusal-log.js';

/** Node.js's error for a connection on which something other than an HTTP request arrived. */
export interface ClientError extends Error {
  readonly code?: string;
  /** What arrived: a buffer. */
  readonly rawPacket?: unknown;
  /** How much of it was understood. */
  readonly bytesParsed?: number;
}

const badRequest = (status: number, message: string): Refusal => ({
  status,
  code: 'BAD_REQUEST',
  message,
});

const notHttp = badRequest(400, 'Expected an HTTP/1.1 request.');
const unknownMethod = badRequest(405, 'Use GET or POST for GraphQL.');
const unknownExpectation = badRequest(417, 'The only supported value of Expect is 100-continue.');

/** By the code of Node.js or of its parser. */
const refusals: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: badRequest(
    431,
    'The head of a request may have at most 16 KiB. Send less in the URL and the headers.',
  ),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: badRequest(413, 'The extensions of a chunk are too long.'),
  HPE_INVALID_VERSION: badRequest(400, 'The gateway speaks HTTP/1.1.'),
  HPE_PAUSED_H2_UPGRADE: badRequest(400, 'The gateway speaks HTTP/1.1, not HTTP/2.'),
  ERR_HTTP_REQUEST_TIMEOUT: badRequest(408, 'The request did not arrive in time.'),
};

/**
 * Answer what never becomes a request of the HTTP server, in the form of all other errors: on the bare connection,
 * which is then closed.
 */
export function createRawAnswers(report: RefusalReporter) {
  /** Those on which requests are answered first. */
  const waiting = new WeakSet<Duplex>();

  function toError(error: ClientError, connection: Duplex): void {
    if (!connection.writable || error.code === 'ECONNRESET') {
      connection.destroy();
      return;
    }
    const answer = answerOn(connection);
    // A stream may go on for ever.
    const isStreaming = answer?.headersSent && !answer.writableEnded;
    if (waiting.has(connection) && !isStreaming) return;
    if (answer?.req.complete && !isStreaming) {
      waiting.add(connection);
      answer.once('close', () => {
        waiting.delete(connection);
        toError(error, connection);
      });
      return;
    }
    // A refusal would be read as part of the answer in progress.
    if (answer?.headersSent) {
      connection.destroy();
      return;
    }
    const refusal = isOfUnknownMethod(error)
      ? unknownMethod
      : (refusals[error.code ?? ''] ?? notHttp);
    report({ transport: 'http', ...refusal });
    refuseConnection(connection, refusal);
  }

  return {
    /**
     * For a connection whose bytes can't be parsed: after the answers to the requests that precede them. Safe to repeat,
     * because each further chunk is an error, too.
     */
    toError,
    /** For CONNECT, which asks for a tunnel. */
    toTunnel(request: IncomingMessage, connection: Duplex): void {
      report({ transport: 'http', ...unknownMethod, request });
      connection.on('error', () => {});
      refuseConnection(connection, unknownMethod);
    },
    /** For an unknown Expect header. */
    toExpectation(request: IncomingMessage, response: ServerResponse): void {
      report({ transport: 'http', ...unknownExpectation, request });
      const body = JSON.stringify(toErrorBody(unknownExpectation));
      const headers = {
        connection: 'close',
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
      };
      response.writeHead(unknownExpectation.status, headers).end(body);
    },
  };
}

/** The parser reports an invalid method for anything that does not begin with a known one. */
function isOfUnknownMethod({ code, rawPacket, bytesParsed = 0 }: ClientError): boolean {
  if (code !== 'HPE_INVALID_METHOD' || !Buffer.isBuffer(rawPacket)) return false;
  const near = (from: number, to: number) =>
    rawPacket.subarray(Math.max(0, from), to).toString('latin1');
  const [begun = ''] = /[A-Za-z-]*$/.exec(near(bytesParsed - MAX_METHOD_LENGTH, bytesParsed)) ?? [];
  return /^[A-Za-z-]+ \S/.test(begun + near(bytesParsed, bytesParsed + MAX_METHOD_LENGTH));
}

/** No method is longer. */
const MAX_METHOD_LENGTH = 32;

/** The answer whose turn it is. @see https://nodejs.org/api/http.html#event-clienterror */
function answerOn(connection: Duplex): ServerResponse | null {
  return (connection as { _httpMessage?: ServerResponse | null })._httpMessage ?? null;
}
