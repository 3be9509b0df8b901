import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PlatformSettings } from '../../../src/campaign/upload/platform-client.js';

/** What a call is, by its method and path. */
export type PlatformCall =
  | 'token'
  | 'create'
  | 'upload'
  | 'complete'
  | 'abort'
  | 'read'
  | 'list'
  | 'rowErrors';

/** What goes wrong with a call. */
export type PlatformFault =
  /** The connection is cut before the call is taken. */
  | 'reset'
  /** The call is taken, and its answer never arrives. */
  | 'lost'
  /** The call is taken, and nothing more comes of it. */
  | 'hang'
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string | Buffer;
    };

/** A batch as this Platform has it. */
export interface StoredBatch {
  readonly id: string;
  readonly datasetId: string;
  readonly externalId: string;
  readonly files: Map<string, Buffer>;
  status: string;
}

const ROUTES: readonly (readonly [PlatformCall, string, RegExp])[] = [
  ['token', 'POST', /^\/ims\/token\/v3$/],
  ['create', 'POST', /^\/data\/foundation\/import\/batches$/],
  [
    'upload',
    'PUT',
    /^\/data\/foundation\/import\/batches\/([^/]+)\/datasets\/([^/]+)\/files\/(.+)$/,
  ],
  ['complete', 'POST', /^\/data\/foundation\/import\/batches\/([^/]+)\?action=COMPLETE$/],
  ['abort', 'POST', /^\/data\/foundation\/import\/batches\/([^/]+)\?action=ABORT$/],
  ['list', 'GET', /^\/data\/foundation\/catalog\/batches\?/],
  ['read', 'GET', /^\/data\/foundation\/catalog\/batches\/([^/?]+)$/],
  ['rowErrors', 'GET', /^\/data\/foundation\/export\/batches\/([^/]+)\/meta\?path=row_errors/],
];

/** A Platform that does what a test scripts, and remembers what it was sent. Everything is in memory. */
export async function startScriptedPlatform() {
  const batches: StoredBatch[] = [];
  const calls: PlatformCall[] = [];
  const headersOf = new Map<PlatformCall, IncomingMessage['headers']>();
  const faults = new Map<PlatformCall, PlatformFault[]>();
  const waiting: { readonly call: PlatformCall; readonly resolve: () => void }[] = [];
  let tokens = 0;
  /** What a completed batch says of itself, one look-up after the other; the last one stays. */
  let reports: readonly object[] = [{ status: 'success' }];

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    const route = ROUTES.find(
      ([, method, path]) => method === request.method && path.test(request.url ?? ''),
    );
    if (route === undefined) return void response.writeHead(404).end();
    const [call, , path] = route;
    const [, ...parts] = path.exec(request.url ?? '') ?? [];
    calls.push(call);
    headersOf.set(call, request.headers);
    for (const waiter of waiting.splice(0)) {
      if (waiter.call === call) waiter.resolve();
      else waiting.push(waiter);
    }
    const fault = faults.get(call)?.shift();
    if (fault === 'reset') return void request.socket.destroy();
    for await (const chunk of request) chunks.push(chunk);
    if (typeof fault === 'object') {
      return void response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    }
    const answer = take(call, parts.map(decodeURIComponent), Buffer.concat(chunks));
    if (fault === 'hang') return;
    if (fault === 'lost') return void request.socket.destroy();
    send(response, answer);
  });

  function take(
    call: PlatformCall,
    [id = '', , name = '']: readonly string[],
    body: Buffer,
  ): { readonly status: number; readonly json?: unknown } {
    const batch = batches.find((known) => known.id === id);
    switch (call) {
      case 'token':
        tokens += 1;
        return { status: 200, json: { access_token: `token-${tokens}`, expires_in: 3_600 } };
      case 'create': {
        const { datasetId, externalId } = JSON.parse(body.toString());
        const created = `batch-${batches.length + 1}`;
        batches.push({ id: created, datasetId, externalId, files: new Map(), status: 'loading' });
        return { status: 201, json: { id: created, status: 'loading' } };
      }
      case 'list':
        return { status: 200, json: Object.fromEntries(batches.map((b) => [b.id, reportOf(b)])) };
      default:
    }
    if (batch === undefined || call === 'rowErrors') return { status: 404 };
    if (call === 'read') return { status: 200, json: { [id]: reportOf(batch) } };
    if (call === 'upload') batch.files.set(name, body);
    if (call === 'complete') batch.status = 'completed';
    if (call === 'abort') batch.status = 'aborted';
    return { status: 200 };
  }

  function reportOf({ id, externalId, status }: StoredBatch): object {
    if (status !== 'completed') return { id, externalId, status };
    const [report = {}, ...later] = reports;
    if (later.length > 0) reports = later;
    return { id, externalId, ...report };
  }

  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const settings: PlatformSettings = {
    url,
    apiKey: 'platform-key',
    imsOrg: 'acme@AdobeOrg',
    sandbox: 'prod',
    token: {
      kind: 'clientCredentials',
      imsUrl: url,
      clientId: 'c',
      clientSecret: 's',
    },
  };

  return {
    settings,
    batches,
    calls,
    headersOf,
    /** Have the next calls of a kind go wrong, one after the other. */
    fail(call: PlatformCall, ...wrong: PlatformFault[]) {
      faults.set(call, [...(faults.get(call) ?? []), ...wrong]);
    },
    report(...next: readonly object[]) {
      reports = next;
    },
    /** Resolves with the next call of the kind. */
    called: (call: PlatformCall) => new Promise<void>((resolve) => waiting.push({ call, resolve })),
    /** The records of the batches that were completed, oldest first. */
    records: () => batches.filter(({ status }) => status === 'completed').flatMap(recordsOf),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type ScriptedPlatform = Awaited<ReturnType<typeof startScriptedPlatform>>;

/** What is in a batch's files. */
export function recordsOf({ files }: StoredBatch): Record<string, unknown>[] {
  return [...files.keys()].sort().flatMap((name) =>
    String(files.get(name))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
}

function send(
  response: ServerResponse,
  { status, json }: { readonly status: number; readonly json?: unknown },
): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(json === undefined ? '' : JSON.stringify(json));
}
