import { z } from 'zod';
import { tryParseJson } from '../../adobe/body-json.js';

const requestId = z.union([
  z.int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);
const holder = z.object({ requestId });

/**
 * Find the request id in a GET: `?requestId=`, or else the JSON body `{"requestId": …}`. Either way it is a number,
 * or a string of digits.
 *
 * @param query - the parsed query
 * @param body - the body's text; undefined if there was none
 * @returns null if there is none, or it is not valid
 */
export function parseRequestId(query: unknown, body: unknown): number | null {
  const asked = z.object({ requestId: z.unknown() }).safeParse(query);
  const hasQuery = asked.success && asked.data.requestId !== undefined;
  const parsed = holder.safeParse(hasQuery ? query : tryParseJson(String(body)));
  return parsed.success ? parsed.data.requestId : null;
}
