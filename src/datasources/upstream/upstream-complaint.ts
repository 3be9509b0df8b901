import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { UpstreamDetails } from '../../ingestion/gateway-error.js';
import { parseWireJson } from './wire-json.js';

/**
 * Who wrote an error's body: the API gateway in front of Campaign, the router after it (for an unknown organization),
 * Campaign itself, or somebody outside the contract.
 */
export interface Complaint {
  readonly from: 'gateway' | 'router' | 'campaign' | 'unknown';
  /** Such as `429050`, `500` or `RST-360011`. */
  readonly errorCode?: string;
}

/** Codes are shown to clients, so only a text that looks like a code is accepted. */
const code = z
  .union([z.string().trim(), z.number().transform(String)])
  .pipe(z.string().regex(/^[\w-]{1,32}$/));
/** The message is for people, and sometimes missing. */
const gatewayEnvelope = z.object({ error_code: code });
const routerEnvelope = z.object({ code: z.number().transform(String), message: z.string() });

/** Read the body of an answer that is not one of Campaign's JSON answers. Accepts any text. */
export function toComplaint(body: string): Complaint {
  const json = parseWireJson(body);
  const gateway = gatewayEnvelope.safeParse(json);
  if (gateway.success) return { from: 'gateway', errorCode: gateway.data.error_code };
  const router = routerEnvelope.safeParse(json);
  if (router.success) return { from: 'router', errorCode: router.data.code };
  const campaign = /\bRST-\d{1,12}\b/.exec(body);
  if (campaign) return { from: 'campaign', errorCode: campaign[0] };
  return { from: 'unknown' };
}

/** The details of an answer that clients may see. */
export function toUpstreamDetails(
  status: number,
  headers: IncomingHttpHeaders,
  errorCode?: string,
): UpstreamDetails {
  const requestId = headers['x-request-id'];
  return {
    status,
    ...(errorCode !== undefined && { errorCode }),
    // Another server's header, shown to clients, so only if it looks like an id.
    ...(typeof requestId === 'string' && /^[\w.:-]{1,64}$/.test(requestId) && { requestId }),
  };
}
