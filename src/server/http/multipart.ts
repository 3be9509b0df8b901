import type { OperationFrames } from '../operations/client-operation.js';
import type { StreamForm } from './http-stream.js';

const PART_START = '\r\ncontent-type: application/json\r\n\r\n';

/** Written at once after each part, because it tells a client that the part is complete. */
const PART_END = '\r\n--graphql';

const nextStart = Buffer.from(`${PART_START}{"payload":`);
const nextEnd = Buffer.from(`}${PART_END}`);

/**
 * Subscriptions as parts of one answer, in the form that Apollo's clients and routers read.
 *
 * @see https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol
 */
export const multipartForm: StreamForm = {
  contentType: 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
  // With the line's end that belongs to a boundary: some clients look for it also where no part comes.
  start: '\r\n--graphql',
  heartbeat: `${PART_START}{}${PART_END}`,
  end: '--\r\n',
  isOfOne: true,
};

/** The results of a subscription, as parts. */
export const multipartFrames: OperationFrames = {
  next: ({ json }) => Buffer.concat([nextStart, json, nextEnd]),
  // The boundary that ends the stream says so.
  complete: () => '',
  fail: (errors) => `${PART_START}${JSON.stringify({ payload: null, errors })}${PART_END}`,
};
