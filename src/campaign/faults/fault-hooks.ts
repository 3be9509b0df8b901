import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../adobe/clock.js';
import { createFaultPicker } from './fault-picker.js';
import type { answers, Fault, FaultPlan, Operation } from './fault-plan.js';

/** What the hooks require. */
export interface FaultHooksOptions {
  readonly clock: Clock;
  /** Ends the process at once. */
  readonly crash: () => void;
}

/** What the systems in front of Campaign would answer. */
const BODIES: Readonly<Record<keyof typeof answers.enum, object | string>> = {
  401: { error_code: '401013', message: 'Oauth token is not valid' },
  403: { error_code: '403023', message: 'Profile is not valid' },
  429: { error_code: '429050', message: 'Too many requests' },
  500: 'RST-360011 An error has occurred - please contact your administrator.',
  502: { code: 502, message: 'Oops. Something went wrong. Check your URI and try again.' },
  503: { error_code: '503010', message: 'Could not validate the oauth token' },
  504: 'GatewayTimeout',
  html: '<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>',
};

/** Make calls fail according to a plan. Add this before the routes. */
export function addFaultHooks(
  app: FastifyInstance,
  plan: FaultPlan,
  { clock, crash }: FaultHooksOptions,
): void {
  const pick = createFaultPicker(plan);
  /** For calls that are accepted, and fail afterwards. */
  const later = new WeakMap<FastifyRequest, Fault>();
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());

  app.addHook('onRequest', async (request, reply) => {
    const operation = operationOf(request);
    if (operation === null) return;
    const { mappingId = null } = request.params as { mappingId?: string };
    const fault = pick(operation, mappingId);
    switch (fault?.do) {
      case undefined:
        return;
      case 'delay':
        return clock.wait(fault.delayMs, closing.signal);
      case 'drop':
        reply.hijack();
        return;
      case 'reset':
        reply.hijack();
        request.raw.socket.resetAndDestroy();
        return;
      case 'answer':
        return answer(reply, fault);
      case 'truncate':
      case 'loseAnswer':
      case 'crash':
        later.set(request, fault);
        return;
    }
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const fault = later.get(request);
    switch (fault?.do) {
      case 'truncate': {
        const body = Buffer.from(String(payload));
        reply.header('content-length', body.length);
        return Readable.from(cutOff(body.subarray(0, fault.bytes)));
      }
      case 'loseAnswer':
        request.raw.socket.resetAndDestroy();
        return payload;
      case 'crash':
        crash();
        return payload;
      default:
        return payload;
    }
  });
}

function operationOf({ method, routeOptions: { url = '' } }: FastifyRequest): Operation | null {
  if (url.endsWith('/ims/token/v3')) return 'token';
  if (!url.endsWith('/:mappingId/ingest')) return null;
  return method === 'POST' ? 'start' : 'status';
}

function answer(reply: FastifyReply, { as, retryAfterS }: Extract<Fault, { do: 'answer' }>) {
  if (retryAfterS !== undefined) reply.header('retry-after', retryAfterS);
  const body = BODIES[as];
  if (typeof body === 'string') reply.type(as === 'html' ? 'text/html' : 'text/plain');
  return reply.code(as === 'html' ? 200 : Number(as)).send(body);
}

/** A body that breaks off, and its connection with it. */
async function* cutOff(bytes: Buffer): AsyncGenerator<Buffer> {
  if (bytes.length > 0) yield bytes;
  throw new Error('cut off by the fault plan');
}
