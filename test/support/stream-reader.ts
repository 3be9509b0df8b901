const json = { 'content-type': 'application/json' };

/** The Accept header of a client of Server-Sent Events. */
export const sse = { accept: 'text/event-stream' };

/** The Accept header of a client of multipart subscriptions. */
export const multipart = { accept: 'multipart/mixed;subscriptionSpec=1.0,application/json' };

/** The address of an operation sent with GET. */
export const toStreamUrl = (base: string, query: string): string =>
  `${base}?query=${encodeURIComponent(query)}`;

/** Send an operation with POST. */
export function postOperation(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  });
}

/** An answer that is read as it arrives. */
export interface StreamReader {
  /** Everything so far, once this text has arrived; rejects if the answer ends before. */
  until(end: string): Promise<string>;
  /** Everything, once the answer has ended. */
  toEnd(): Promise<string>;
  /** Close its connection. */
  leave(): Promise<void>;
}

/** Read a continuing answer. */
export function readStream(response: Response): StreamReader {
  const reader = (response.body as ReadableStream<Uint8Array>)
    .pipeThrough(new TextDecoderStream())
    .getReader();
  let text = '';
  return {
    async until(end) {
      // A long answer is not searched again from its beginning for each piece, nor put together.
      for (let recent = text; !recent.includes(end); ) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`It ended without ${end}: ${text}`);
        recent = recent.slice(-end.length) + value;
        text += value;
      }
      return text;
    },
    async toEnd() {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return text;
        text += value;
      }
    },
    leave: () => reader.cancel(),
  };
}
