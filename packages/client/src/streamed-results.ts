import type { FormattedExecutionResult } from 'graphql-ws';

/** A message of a stream over HTTP. */
export type StreamedMessage =
  | { readonly kind: 'next'; readonly result: FormattedExecutionResult<never, never> }
  | { readonly kind: 'complete' };

const COMPLETE: StreamedMessage = { kind: 'complete' };

/**
 * Read the response to an operation: Server-Sent Events, multipart, or plain JSON.
 *
 * @returns null if it is none of these
 */
export function readMessages(response: Response): AsyncGenerator<StreamedMessage, void> | null {
  const type = response.headers.get('content-type') ?? '';
  if (/^text\/event-stream/i.test(type)) return readEvents(response);
  if (/^multipart\/mixed/i.test(type)) {
    const boundary = /boundary="?([^";]+)/i.exec(type)?.[1] ?? '-';
    return readParts(response, `--${boundary}`);
  }
  return /json/i.test(type) ? readJson(response) : null;
}

async function* readJson(response: Response): AsyncGenerator<StreamedMessage, void> {
  yield toNext(await response.text());
  yield COMPLETE;
}

async function* readEvents(response: Response): AsyncGenerator<StreamedMessage, void> {
  for await (const block of split(response, '\n\n')) {
    const fields = new Map(
      block.split('\n').map((line) => {
        const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
        return [name, value];
      }),
    );
    const event = fields.get('event');
    if (event === 'next') yield toNext(fields.get('data') ?? '');
    if (event === 'complete') yield COMPLETE;
  }
}

async function* readParts(
  response: Response,
  boundary: string,
): AsyncGenerator<StreamedMessage, void> {
  let end = '';
  const atEnd = (rest: string) => {
    end = rest;
  };
  for await (const part of split(response, `\r\n${boundary}`, atEnd)) {
    const headersEnd = part.indexOf('\r\n\r\n');
    // The text before the first boundary is not a part.
    if (headersEnd === -1) continue;
    const { payload, errors } = JSON.parse(part.slice(headersEnd)) as {
      readonly payload?: FormattedExecutionResult<never, never> | null;
      readonly errors?: FormattedExecutionResult['errors'];
    };
    // A part without a payload is a heartbeat.
    if (errors) yield { kind: 'next', result: { errors } };
    else if (payload) yield { kind: 'next', result: payload };
  }
  if (end.startsWith('--')) yield COMPLETE;
}

function toNext(json: string): StreamedMessage {
  return { kind: 'next', result: JSON.parse(json) as FormattedExecutionResult<never, never> };
}

/** Split a body: each text arrives together with the separator after it. */
async function* split(
  response: Response,
  separator: string,
  atEnd: (rest: string) => void = () => {},
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true };
    if (done) return atEnd(text);
    text += decoder.decode(value, { stream: true });
    const texts = text.split(separator);
    text = texts.pop() ?? '';
    yield* texts;
  }
}

/** Make the body of a response fail when it falls silent, because then the connection is dead. */
export function failIfSilent(response: Response, silentMs: number): Response {
  const reader = response.body?.getReader();
  if (!reader) return response;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const silence = new Promise<never>((_, reject) => {
          timer = setTimeout(reject, silentMs, new Error('The connection fell silent.'));
        });
        try {
          const { done, value } = await Promise.race([reader.read(), silence]);
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (failure) {
          controller.error(failure);
          reader.cancel(failure).catch(() => {});
        } finally {
          clearTimeout(timer);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    // Read on demand only, so that a slow reader does not count as silence.
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}
