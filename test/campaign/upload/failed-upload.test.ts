import { describe, expect, it } from '@jest/globals';
import { type PlatformFault } from '../support/scripted-platform.js';
import { runWith } from '../support/uploaded-people.js';

describe('an upload', () => {
  it.each<[string, PlatformFault[], boolean, RegExp]>([
    [
      '413',
      [{ status: 413, body: 'too large' }],
      false,
      /^PUT .*part-00001.json was answered with 413: too large$/,
    ],
    [
      'a token that is refused twice',
      [
        { status: 401, body: '{"error_code":"401013","message":"Oauth token is not valid"}' },
        { status: 401 },
      ],
      false,
      /401/,
    ],
    [
      '500 without an end',
      Array.from({ length: 6 }, () => ({ status: 500 })),
      true,
      /500: no body$/,
    ],
  ])(
    'fails with ACP-880096 and aborts the batch: %s',
    async (_what, wrong, isTransient, reason) => {
      const { harness, outcome } = await runWith([['upload', ...wrong]]);
      await using _ = harness;
      expect(outcome).toEqual({
        kind: 'failed',
        code: 'ACP-880096',
        reason: expect.stringMatching(reason),
        numRejected: 0,
        batchId: 'batch-1',
        isTransient,
      });
      expect(harness.platform.batches[0]?.status).toBe('aborted');
    },
  );

  it('fails without a batch if none can be created, without revealing the secret', async () => {
    const { harness, outcome } = await runWith([
      [
        'token',
        {
          status: 401,
          body: '{"error":"invalid_client","error_description":"invalid client_secret parameter"}',
        },
      ],
    ]);
    await using _ = harness;
    expect(outcome).toEqual({
      kind: 'failed',
      code: 'ACP-880096',
      reason: 'POST /ims/token/v3 was answered with 401: invalid client_secret parameter',
      numRejected: 0,
      batchId: null,
      isTransient: false,
    });
  });
});
