import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';

const INFORMATIONAL = 'HTTP/1.1 1';
const CONTINUE = `${INFORMATIONAL}00`;
const TWO = '2'.charCodeAt(0);
const END_OF_HEAD = '\r\n\r\n';

/**
 * Connections whose first answer may come after 100 Continue.
 *
 * A client that didn't ask for 100 has to skip it (RFC 9110, 15.2), but undici closes the connection, and then nobody
 * knows what became of a start. undici skips 102, so each 100 before the answer is made one.
 */
export function skippingContinue(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) =>
    connect(options, (...[error, socket]) => {
      if (error) return callback(error, null);
      skipContinue(socket);
      callback(null, socket);
    });
}

/** undici takes all that it gets from `read`. */
function skipContinue(socket: Socket): void {
  const read = socket.read.bind(socket);
  const rewrite = createRewriter();
  socket.read = (size?: number) => {
    const chunk: Buffer | null = read(size);
    if (chunk && !rewrite(chunk)) Reflect.deleteProperty(socket, 'read');
    return chunk;
  };
}

/** Rewrites the next chunk of a connection in place; false once the answer itself has begun. */
function createRewriter(): (chunk: Buffer) => boolean {
  /** The last bytes, as many as matter. */
  let seen = '';
  let isInHead = false;
  return (chunk) => {
    for (const [at, byte] of chunk.entries()) {
      seen += String.fromCharCode(byte);
      if (isInHead) {
        seen = seen.slice(-END_OF_HEAD.length);
        if (seen !== END_OF_HEAD) continue;
        isInHead = false;
        seen = '';
      } else if (seen.length <= INFORMATIONAL.length) {
        if (!INFORMATIONAL.startsWith(seen)) return false;
      } else if (seen.length === CONTINUE.length) {
        if (seen === CONTINUE) chunk[at] = TWO;
        isInHead = true;
      }
    }
    return true;
  };
}
