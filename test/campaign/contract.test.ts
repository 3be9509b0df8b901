import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CampaignServiceOptions } from '../../src/campaign/campaign-service.options.js';
import { readApiKeysFrom, readClientsFrom } from '../../src/campaign/http/credentials-file.js';
import type { UsageLimits } from '../../src/campaign/http/usage-limits.js';
import { createDrivenClock, createSkippingClock } from './support/driven-clock.js';
import {
  createWorkspace,
  mappingYaml,
  NO_PLATFORM,
  peopleCsv,
  type RunningService,
  readBatches,
  startService,
} from './support/running-service.js';
import { startScriptedPlatform } from './support/scripted-platform.js';
import { type Answer, API_KEY, ingestPath } from './support/service-client.js';
import { startServiceProcess } from './support/service-process.js';

/*
 * The tables of the protocol as Adobe documents them, row by row in their order. Each answer comes from its
 * cause, and is compared whole. (The 504 that users report is no answer of Campaign's: nothing here takes
 * that long, and it comes from a fault plan only. See faults/.)
 */

/** So slow that its run is going on for as long as a test lasts: a record in a thousand seconds. */
const ENDLESS = { recordsPerSecond: 0.001 };

let space: Awaited<ReturnType<typeof createWorkspace>>;
let service: RunningService;

beforeAll(async () => {
  space = await createWorkspace({
    'crm.yaml': mappingYaml('XDM44'),
    'endless.yaml': mappingYaml('endless', ENDLESS),
    'started.yaml': mappingYaml('started'),
    'unpublished.yaml': mappingYaml('unpublished'),
    'refused.yaml': mappingYaml('refused', { source: { kind: 'csv', path: 'refused.csv' } }),
    'people.csv': peopleCsv(15),
    'refused.csv': 'id,name\n1,Ada\n2,Mallory\n',

    // Sources that cannot be read: no file, half a line, no table, nobody there.
    'csv.yaml': mappingYaml('csv', { source: { kind: 'csv', path: 'gone.csv' } }),
    'ndjson.yaml': mappingYaml('ndjson', { source: { kind: 'ndjson', path: 'half.ndjson' } }),
    'half.ndjson': '{"id":"1"}\n{"id":\n',
    'sqlite.yaml': mappingYaml('sqlite', {
      source: { kind: 'sqlite', path: 'crm.db', table: 'people' },
    }),
    'crm.db': '',
    'postgres.yaml': mappingYaml('postgres', {
      source: { kind: 'postgres', url: `\${CRM_DATABASE_URL}`, table: 'people' },
    }),
  });
  const sourceEnvironment = { CRM_DATABASE_URL: 'postgres://crm:secret@127.0.0.1:1/crm' };
  service = await startService({ ...space, sourceEnvironment });
});

afterAll(async () => {
  await service.stop();
  await space[Symbol.asyncDispose]();
});

describe('POST: what a start is answered', () => {
  it('submitted', async () => {
    expect(seen(await service.post('XDM44'))).toEqual(
      documented({
        requestId: expect.any(Number),
        info: 'Ingestion request submitted successfully for the Mapping ID: XDM44',
        status: 'Success',
      }),
    );
  });

  it('already running', async () => {
    const requestId = await submit(service, 'endless');
    expect(seen(await service.post('endless'))).toEqual(
      documented({
        requestId,
        info: 'Ingestion request already in progress for the Mapping ID: endless',
        status: 'In Progress',
      }),
    );
  });

  it('mapping not stopped: an administrator has started it', async () => {
    await service.admin('/mappings/started/start', '');
    expect(seen(await service.post('started'))).toEqual(
      documented({
        info: 'Unable to submit data ingestion request, XDM Mapping ID: started is not stopped',
        status: 'Failed',
      }),
    );
  });

  it('mapping not published: an administrator has unpublished it', async () => {
    await service.admin('/mappings/unpublished/unpublish', '');
    expect(seen(await service.post('unpublished'))).toEqual(
      documented({
        info: 'Unable to submit data ingestion request, XDM Mapping ID: unpublished is not published',
        status: 'Failed',
      }),
    );
  });
});

describe('GET: what a request comes to', () => {
  it('success', async () => {
    const requestId = await submit(service, 'XDM44');
    await service.ended(requestId);
    expect(seen(await service.get('XDM44', requestId))).toEqual(
      documented({
        batchId: '',
        info: 'Mapping Id: XDM44. ',
        numRecords: 15,
        requestId,
        status: 'Success',
      }),
    );
  });

  it.each(['csv', 'ndjson', 'sqlite', 'postgres'])(
    'failed, nothing ingested: a source of the kind %s cannot be read',
    async (mappingId) => {
      const requestId = await submit(service, mappingId);
      await service.ended(requestId);
      expect(seen(await service.get(mappingId, requestId))).toEqual(
        documented({
          batchId: '',
          info: `Mapping Id: ${mappingId}. ACP-880056 Failed to fetch the record from the database.`,
          numRecords: 0,
          requestId,
          status: 'Failed',
        }),
      );
    },
  );

  const failedUpload = (mappingId: string, batchId: string | undefined, requestId: number) =>
    documented({
      batchId,
      info: `Mapping Id: ${mappingId}. ACP-880096 Sync Job failed to upload. Please check the error in the Platform UI.`,
      numRecords: 0,
      requestId,
      status: 'Failed',
    });

  it('failed after a batch was uploaded: Platform refuses a record of it', async () => {
    const requestId = await submit(service, 'refused');
    await service.ended(requestId);
    const batches = Object.entries(await readBatches(space.dataDir));
    const [batchId] = batches.find(([, records]) => /Mallory/.test(JSON.stringify(records))) ?? [];
    expect(batchId).toMatch(/^\w+$/);
    expect(seen(await service.get('refused', requestId))).toEqual(
      failedUpload('refused', batchId, requestId),
    );
  });

  it('failed after a batch was uploaded: Platform breaks down before all of it is there', async () => {
    await using platform = await startScriptedPlatform();
    platform.fail('upload', 'lost', ...Array(5).fill({ status: 500 }));
    await using own = await startOwn({ platform: platform.settings, clock: createSkippingClock() });
    const requestId = await submit(own, 'M');
    await own.ended(requestId);
    expect(platform.batches.map(({ id }) => id)).toEqual(['batch-1']);
    expect(seen(await own.get('M', requestId))).toEqual(failedUpload('M', 'batch-1', requestId));
  });

  it('crash of the ingestion service: kill -9 in the middle of a run', async () => {
    await using own = await createWorkspace({
      'm.yaml': mappingYaml('M', ENDLESS),
      'people.csv': peopleCsv(15),
    });
    await using crashed = await startServiceProcess(own);
    const requestId = await submit(crashed, 'M');
    await crashed.kill();
    await using restarted = await startServiceProcess(own);
    expect(seen(await restarted.get('M', requestId))).toEqual(
      documented({
        batchId: '',
        info: 'Mapping Id: M. Ingestion request aborted due to some issue with data ingestion service. Please submit a new request',
        numRecords: 0,
        requestId,
        status: 'Aborted',
      }),
    );
  });

  const inProgress = (mappingId: string, requestId: number) =>
    documented({
      batchId: '',
      info: `Mapping Id: ${mappingId}.`,
      numRecords: 0,
      requestId,
      status: 'In Progress',
    });

  it('running: the batch is being prepared', async () => {
    const requestId = await submit(service, 'endless');
    expect(seen(await service.get('endless', requestId))).toEqual(inProgress('endless', requestId));
  });

  it('running: the batch is being uploaded', async () => {
    await using platform = await startScriptedPlatform();
    platform.fail('upload', 'hang');
    const uploading = platform.called('upload');
    await using own = await startOwn({ platform: platform.settings });
    const requestId = await submit(own, 'M');
    await uploading;
    expect(seen(await own.get('M', requestId))).toEqual(inProgress('M', requestId));
  });
});

describe('the API gateway in front: whom it turns away', () => {
  const STARTER = { clientId: 'starter', clientSecret: 'the-secret-of-starter' };
  const READER = { clientId: 'reader', clientSecret: 'the-secret-of-reader' };
  const TOKEN_LIFETIME_S = 60;

  let guarded: RunningService;
  let keysFile: string;
  let clientsFile: string;
  const clock = createDrivenClock();

  beforeAll(async () => {
    keysFile = join(space.mappingsDir, 'keys.txt');
    clientsFile = join(space.mappingsDir, 'clients.txt');
    const clients = [
      { ...STARTER, roles: ['sqlFunctionExecution'] },
      { ...READER, roles: [] },
    ];
    await writeFile(keysFile, API_KEY);
    await writeFile(clientsFile, JSON.stringify({ clients }));
    guarded = await startOwn({
      credentials: { apiKeys: readApiKeysFrom(keysFile), clients: readClientsFrom(clientsFile) },
      tokenLifetimeS: TOKEN_LIFETIME_S,
      clock,
    });
  });

  afterAll(() => guarded.stop());

  type Method = 'GET' | 'POST';
  const call = (method: Method, headers: Record<string, string>, organization = 'acme') =>
    guarded.call(`${ingestPath('M', organization)}?requestId=1`, { method, headers });

  /** Headers that nothing is wrong with. */
  async function headersOf(client = STARTER) {
    return { 'x-api-key': API_KEY, authorization: `Bearer ${await guarded.signIn(client)}` };
  }

  async function callWithout(file: string, method: Method): Promise<Answer> {
    const headers = await headersOf();
    await rename(file, `${file}.away`);
    try {
      return await call(method, headers);
    } finally {
      await rename(`${file}.away`, file);
    }
  }

  /** One call more than a limit of one allows, half a minute before midnight. */
  async function callTwice(method: Method, usageLimits: UsageLimits): Promise<Answer> {
    const clock = createDrivenClock(Date.UTC(2026, 0, 1, 23, 59, 30));
    await using limited = await startOwn({ usageLimits, clock });
    const { headers } = limited;
    await limited.call(ingestPath('M'), { method, headers });
    return await limited.call(ingestPath('M'), { method, headers });
  }

  interface Row {
    readonly http: number;
    readonly code: string;
    readonly message: string;
    readonly retryAfter?: string;
    readonly cause: string;
    readonly ask: (method: Method) => Promise<Answer>;
  }

  it.each<Row>([
    {
      http: 403,
      code: '403000',
      message: 'Api Key is required',
      cause: 'no key',
      ask: async (method) => {
        const { authorization } = await headersOf();
        return call(method, { authorization });
      },
    },
    {
      http: 403,
      code: '403003',
      message: 'Api Key is invalid',
      cause: 'a key that nobody was given',
      ask: async (method) => call(method, { ...(await headersOf()), 'x-api-key': 'other' }),
    },
    {
      http: 403,
      code: '403010',
      message: 'Oauth token is missing.',
      cause: 'no token',
      ask: (method) => call(method, { 'x-api-key': API_KEY }),
    },
    {
      http: 401,
      code: '401013',
      message: 'Oauth token is not valid',
      cause: 'a token that nobody issued',
      ask: (method) => call(method, { 'x-api-key': API_KEY, authorization: 'Bearer abc' }),
    },
    {
      http: 401,
      code: '401013',
      message: 'Oauth token is not valid',
      cause: 'a token whose time is over',
      ask: async (method) => {
        const headers = await headersOf();
        clock.advance(TOKEN_LIFETIME_S * 1_000);
        return call(method, headers);
      },
    },
    {
      http: 403,
      code: '403023',
      message: 'Profile is not valid',
      cause: 'a start by a client without the role',
      // Only a start needs it.
      ask: async () => call('POST', await headersOf(READER)),
    },
    {
      http: 429,
      code: '429050',
      message: 'Too many requests',
      retryAfter: '1',
      cause: 'more calls than a second may have',
      ask: (method) => callTwice(method, { maxCallsPerSecond: 1, maxCallsPerDay: null }),
    },
    {
      http: 429,
      code: '429001',
      message: 'Service usage limit reached',
      retryAfter: '30',
      cause: 'more calls than a day may have',
      ask: (method) => callTwice(method, { maxCallsPerSecond: null, maxCallsPerDay: 1 }),
    },
    {
      http: 503,
      code: '503000',
      message: 'Could not validate Api Key',
      cause: 'the keys cannot be read',
      ask: (method) => callWithout(keysFile, method),
    },
    {
      http: 503,
      code: '503010',
      message: 'Could not validate the oauth token',
      cause: 'the clients cannot be read',
      ask: (method) => callWithout(clientsFile, method),
    },
  ])('$http $code: $cause', async ({ http, code, message, retryAfter, ask }) => {
    for (const method of ['POST', 'GET'] as const) {
      expect(seen(await ask(method))).toEqual({
        ...documented({ error_code: code, message }, http),
        retryAfter,
      });
    }
  });

  it.each(['POST', 'GET'] as const)(
    'the other envelope: a %s for another organization',
    async (method) => {
      const message = 'Oops. Something went wrong. Check your URI and try again.';
      expect(seen(await call(method, await headersOf(), 'umbrella'))).toEqual(
        documented({ code: 500, message }, 500),
      );
    },
  );
});

describe('RST-360011: what Campaign has no words for', () => {
  const campaignError = (http: number) => ({
    ...documented('RST-360011 An error has occurred - please contact your administrator.', http),
    contentType: 'text/plain; charset=utf-8',
  });

  it('a request that there is not', async () => {
    expect(seen(await service.get('XDM44', 999))).toEqual(campaignError(404));
  });

  it('its own failure: its database cannot be written', async () => {
    using writer = new DatabaseSync(join(space.dataDir, 'campaign', 'campaign.db'));
    writer.exec('BEGIN IMMEDIATE');
    expect(seen(await service.post('XDM44'))).toEqual(campaignError(500));
  });
});

/** A service of its own with a mapping `M`, which uploads to nobody where no Platform is given. */
async function startOwn(options: Partial<CampaignServiceOptions>): Promise<RunningService> {
  const own = await createWorkspace({ 'm.yaml': mappingYaml('M'), 'people.csv': peopleCsv(15) });
  const running = await startService({ platform: NO_PLATFORM, ...own, ...options });
  const stop = async () => {
    await running.stop();
    await own[Symbol.asyncDispose]();
  };
  return { ...running, stop, [Symbol.asyncDispose]: stop };
}

/** Start an ingestion of the mapping, unless one is running; its request's id. */
async function submit({ post }: Pick<RunningService, 'post'>, mappingId: string): Promise<number> {
  const { json } = await post(mappingId);
  return (json as { requestId: number }).requestId;
}

/** All of an answer that tells a client something. */
function seen({ httpStatus, headers, text, json }: Answer) {
  return {
    httpStatus,
    contentType: headers['content-type'],
    callId: headers['x-request-id'],
    retryAfter: headers['retry-after'],
    body: json ?? text,
  };
}

/** An answer as {@link seen} has it. Campaign's documentation has no HTTP statuses: 200 is a choice. */
function documented(body: unknown, httpStatus = 200) {
  return {
    httpStatus,
    contentType: 'application/json; charset=utf-8',
    callId: expect.stringMatching(/^[0-9a-f]{32}$/),
    body,
  };
}
