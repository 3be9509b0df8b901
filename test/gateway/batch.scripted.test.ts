import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PlatformConfig } from '../../src/config/platform.js';
import { BatchOfRequestDocument } from '../generated/operations.js';
import { createWorkspace, SETTINGS, startReceiver } from '../platform/support/running-receiver.js';
import { statusAnswers } from '../support/campaign-answers.js';
import { readMetric } from '../support/metrics.js';
import {
  hang,
  json,
  reset,
  type ScriptedAnswer,
  type ScriptedUpstream,
  startScriptedUpstream,
  text,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

const mappingId = 'XDM44';
const BATCH_ID = '01M89FXHHK63DGWVHZ2TYXKVKZ';

const failed = (requestId: string, batchId: string) =>
  json(200, { ...statusAnswers.failedInBatch(mappingId, requestId), batchId });

let upstream: ScriptedUpstream;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
});

afterAll(() => upstream.close());

/** Ask a gateway about a new request that failed with this batch. */
async function ask(gateway: TestGateway, batchId: string) {
  const requestId = String(nextRequestId++);
  upstream.script(failed(requestId, batchId));
  return gateway.client.execute(BatchOfRequestDocument, { mappingId, requestId });
}
let nextRequestId = 1;

function toPlatform(url: string, changes: Partial<PlatformConfig> = {}): PlatformConfig {
  const { apiKey, imsOrg, sandbox } = SETTINGS;
  const token = {
    kind: 'clientCredentials',
    imsUrl: url,
    clientId: 'client-1',
    clientSecret: 'secret-1',
    scopes: ['openid'],
  } as const;
  return { url: new URL(url), apiKey, imsOrg, sandbox, token, ...changes };
}

describe('the batch of a failure', () => {
  it('has the status, counts and errors from Platform itself', async () => {
    await using space = await createWorkspace();
    await using receiver = await startReceiver(space);
    const gateway = await startTestGateway(upstream.url, { platform: toPlatform(receiver.url) });
    const { id } = await receiver.ingest(
      { 'a.json': '{"_id":"1"}\n{"points":1}\n{"_id":"2","points":"x"}\n' },
      { enableErrorDiagnostics: true },
    );
    const { data, errors } = await ask(gateway, id);
    expect(errors).toBeUndefined();
    expect(data?.ingestionStatus).toEqual({
      status: 'FAILED',
      batchId: id,
      batch: {
        batchId: id,
        status: 'FAILED',
        statusText: 'failed',
        numRecords: 3,
        numIngested: 0,
        numFailed: 2,
        errors: [
          {
            code: 'INGEST-1212-400',
            description: expect.stringMatching(/^Encountered 2 errors in the data/),
            numRecords: null,
          },
          {
            code: 'INGEST-1555-400',
            description: expect.stringMatching(/^A required field is either missing/),
            numRecords: 1,
          },
          {
            code: 'INGEST-1501-400',
            description: expect.stringMatching(/^A value cannot be converted/),
            numRecords: 1,
          },
        ],
      },
    });

    const looks = 'sluice_platform_call_duration_seconds_count{operation="batch",outcome="OK"}';
    expect(await readMetric(gateway.url, looks)).toBe(1);

    const unknown = await ask(gateway, BATCH_ID);
    expect(unknown).toMatchObject({
      data: { ingestionStatus: { batchId: BATCH_ID, batch: null } },
    });
    await gateway.stop();
  });

  it('is null without a batch id or credentials for Platform', async () => {
    const platform = toPlatform('http://127.0.0.1:1');
    for (const [batchId, options] of [
      ['', { platform }],
      [BATCH_ID, {}],
    ] as const) {
      const gateway = await startTestGateway(upstream.url, options);
      const { data, errors } = await ask(gateway, batchId);
      expect([data?.ingestionStatus?.batch, errors]).toEqual([null, undefined]);
      await gateway.stop();
    }
  });
});

describe('a failed look-up of a batch', () => {
  let platform: ScriptedUpstream;
  let gateway: TestGateway;

  beforeAll(async () => {
    platform = await startScriptedUpstream();
    const token = { kind: 'ready', accessToken: 'planted-token' } as const;
    gateway = await startTestGateway(upstream.url, {
      platform: toPlatform(platform.url, { token }),
      timeoutMs: 1_000,
    });
  });

  afterAll(async () => {
    await gateway.stop();
    await platform.close();
  });

  const found = { [BATCH_ID]: { id: BATCH_ID, status: 'processing' } };

  it('is repeated when that may help, with the headers that Platform requires', async () => {
    platform.script(reset(), text(503, '<html>'), json(200, found));
    const { data, errors } = await ask(gateway, BATCH_ID);
    expect(errors).toBeUndefined();
    expect(data?.ingestionStatus?.batch).toEqual({
      batchId: BATCH_ID,
      status: 'PROCESSING',
      statusText: 'processing',
      numRecords: null,
      numIngested: null,
      numFailed: null,
      errors: [],
    });
    expect(platform.calls.at(-1)).toMatchObject({
      rawPath: `/data/foundation/catalog/batches/${BATCH_ID}`,
      headers: {
        authorization: 'Bearer planted-token',
        'x-api-key': SETTINGS.apiKey,
        'x-gw-ims-org-id': SETTINGS.imsOrg,
        'x-sandbox-name': SETTINGS.sandbox,
      },
    });
  });

  const denied = (code: string) => ({ error_code: code, message: 'planted-detail' });
  it.each<[string, ScriptedAnswer[], string]>([
    ['401', [json(401, denied('401013'))], 'PLATFORM_UNAUTHENTICATED'],
    ['403', [json(403, denied('403027'))], 'PLATFORM_FORBIDDEN'],
    [
      '429 for long',
      [json(429, denied('429050'), { 'retry-after': '60' })],
      'PLATFORM_RATE_LIMITED',
    ],
    ['a redirect', [text(302, '')], 'PLATFORM_INVALID_RESPONSE'],
    ['HTML', [text(200, '<html>planted-detail')], 'PLATFORM_INVALID_RESPONSE'],
    ['another batch', [json(200, { other: found[BATCH_ID] })], 'PLATFORM_INVALID_RESPONSE'],
  ])('is an error of the field alone: %s', async (_what, answers, code) => {
    const own = await startTestGateway(upstream.url, {
      platform: toPlatform(platform.url, {
        token: { kind: 'ready', accessToken: 'planted-token' },
      }),
    });
    platform.script(...answers);
    const { data, errors } = await ask(own, BATCH_ID);
    expect(data?.ingestionStatus).toMatchObject({
      status: 'FAILED',
      batchId: BATCH_ID,
      batch: null,
    });
    expect(errors).toMatchObject([{ path: ['ingestionStatus', 'batch'], extensions: { code } }]);
    expect(JSON.stringify(errors)).not.toContain('planted');
    await own.stop();
  });

  it('ends with the deadline when no answer comes', async () => {
    platform.script(hang());
    const { errors } = await ask(gateway, BATCH_ID);
    expect(errors).toMatchObject([
      {
        message: 'Adobe Experience Platform did not answer in time: try again later.',
        extensions: { code: 'PLATFORM_TIMEOUT' },
      },
    ]);
  });
});
