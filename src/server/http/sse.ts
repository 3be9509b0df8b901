import type { OperationFrames } from '../operations/client-operation.js';
import type { StreamForm } from './http-stream.js';

/**
 * The id of the event that completes an operation without events. An `EventSource` reconnects with it, as it does
 * whenever an answer ends, and is then told to stop.
 */
export const COMPLETED_EVENT_ID = 'nothing-more';

const form = {
  contentType: 'text/event-stream; charset=utf-8',
  // Some browsers treat a stream as open only after the first bytes.
  start: ':\n\n',
  heartbeat: ':\n\n',
  end: '',
};

/** A stream of one operation: “distinct connections mode”. @see https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md */
export const sseForm: StreamForm = { ...form, isOfOne: true };

/** A stream of several operations: “single connection mode”. */
export const sharedSseForm: StreamForm = { ...form, isOfOne: false };

const nextStart = Buffer.from('event: next\ndata: ');
const eventEnd = Buffer.from('\n\n');
const complete = 'event: complete\ndata: \n\n';
const next = (json: string) => `event: next\ndata: ${json}\n\n`;

/**
 * The results of an operation with its own stream, as events whose ids are cursors.
 *
 * @param isEventSource - whether the client reconnects by itself, unless its page closes it on `complete`
 */
export function toSseFrames(isEventSource: boolean): OperationFrames {
  let hasEvents = false;
  return {
    next({ json, cursor }) {
      if (cursor === null) return Buffer.concat([nextStart, json, eventEnd]);
      hasEvents = true;
      return Buffer.concat([Buffer.from(`id: ${cursor}\n`), nextStart, json, eventEnd]);
    },
    complete: () => (hasEvents ? complete : `id: ${COMPLETED_EVENT_ID}\n${complete}`),
    // Without an id, so that a client that reconnects continues after the last event.
    fail: (errors) => `${next(JSON.stringify({ errors }))}${isEventSource ? '' : complete}`,
  };
}

/** The results of one of several operations, as events that contain its id. */
export function toSharedSseFrames(id: string): OperationFrames {
  const start = Buffer.from(`event: next\ndata: {"id":${JSON.stringify(id)},"payload":`);
  const end = Buffer.from('}\n\n');
  const complete = `event: complete\ndata: ${JSON.stringify({ id })}\n\n`;
  return {
    next: ({ json }) => Buffer.concat([start, json, end]),
    complete: () => complete,
    fail: (errors) => `${next(JSON.stringify({ id, payload: { errors } }))}${complete}`,
  };
}
