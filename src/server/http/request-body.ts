import type { IncomingHttpHeaders } from 'node:http';
import type { Refusal } from '../admission/refusal.js';

const CHARSET = /;\s*charset\s*=\s*"?([^\s;"]*)/i;

/** JSON is UTF-8; ASCII is a subset. */
const takenCharsets = new Set(['utf-8', 'utf8', 'us-ascii']);

const unsupported = (message: string): Refusal => ({ status: 415, code: 'BAD_REQUEST', message });
const compressed = unsupported(
  'The gateway accepts no compressed bodies. Send it without Content-Encoding.',
);
const otherCharset = unsupported('Expected a body in UTF-8.');

/** For a body of any other type, or of none. */
export const otherType = unsupported('Expected a body of the type application/json.');

/** Why a body is not read, from its headers; null if it is. */
export function checkBody(headers: IncomingHttpHeaders): Refusal | null {
  const { 'content-encoding': encoding = '', 'content-type': type = '' } = headers;
  if (!/^\s*(identity)?\s*$/i.test(encoding)) return compressed;
  const [, charset] = CHARSET.exec(type) ?? [];
  return charset === undefined || takenCharsets.has(charset.toLowerCase()) ? null : otherCharset;
}
