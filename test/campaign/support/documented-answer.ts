import { expect } from '@jest/globals';
import type { CampaignServiceOptions } from '../../../src/campaign/campaign-service.options.js';
import {
  createWorkspace,
  mappingYaml,
  NO_PLATFORM,
  peopleCsv,
  type RunningService,
  startService,
} from './running-service.js';
import type { Answer } from './service-client.js';

/*
 * The tables of the protocol as Adobe documents them, row by row in their order. Each answer comes from its
 * cause, and is compared whole. (The 504 that users report is no answer of Campaign's: nothing here takes
 * that long, and it comes from a fault plan only. See faults/.)
 */

/** So slow that its run is going on for as long as a test lasts: a record in a thousand seconds. */
export const ENDLESS = { recordsPerSecond: 0.001 };

/** A service of its own with a mapping `M`, which uploads to nobody where no Platform is given. */
export async function startOwn(options: Partial<CampaignServiceOptions>): Promise<RunningService> {
  const own = await createWorkspace({ 'm.yaml': mappingYaml('M'), 'people.csv': peopleCsv(15) });
  const running = await startService({ platform: NO_PLATFORM, ...own, ...options });
  const stop = async () => {
    await running.stop();
    await own[Symbol.asyncDispose]();
  };
  return { ...running, stop, [Symbol.asyncDispose]: stop };
}

/** Start an ingestion of the mapping, unless one is running; its request's id. */
export async function submit(
  { post }: Pick<RunningService, 'post'>,
  mappingId: string,
): Promise<number> {
  const { json } = await post(mappingId);
  return (json as { requestId: number }).requestId;
}

/** All of an answer that tells a client something. */
export function seen({ httpStatus, headers, text, json }: Answer) {
  return {
    httpStatus,
    contentType: headers['content-type'],
    callId: headers['x-request-id'],
    retryAfter: headers['retry-after'],
    body: json ?? text,
  };
}

/** An answer as {@link seen} has it. Campaign's documentation has no HTTP statuses: 200 is a choice. */
export function documented(body: unknown, httpStatus = 200) {
  return {
    httpStatus,
    contentType: 'application/json; charset=utf-8',
    callId: expect.stringMatching(/^[0-9a-f]{32}$/),
    body,
  };
}
