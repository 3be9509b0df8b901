import { describe, expect, it } from '@jest/globals';
import { toIngestionFailure } from '../../src/ingestion/ingestion-failure.js';

describe('toIngestionFailure', () => {
  it.each([
    [
      'a code and a message',
      'FAILED',
      'Mapping Id: XDM44. ACP-880056 Failed to fetch the record from the database.',
      {
        code: 'ACP-880056',
        message: 'Failed to fetch the record from the database.',
        isRetryable: true,
      },
    ],
    [
      'an error that needs an investigation first',
      'FAILED',
      'Mapping Id: XDM44. ACP-880096 Sync Job failed to upload. Please check the error in the Platform UI.',
      {
        code: 'ACP-880096',
        message: 'Sync Job failed to upload. Please check the error in the Platform UI.',
        isRetryable: false,
      },
    ],
    [
      'an abort, which asks for a new request',
      'ABORTED',
      'Mapping Id: XDM44. Ingestion request aborted due to some issue with data ingestion service. Please submit a new request',
      {
        code: null,
        message:
          'Ingestion request aborted due to some issue with data ingestion service. Please submit a new request',
        isRetryable: true,
      },
    ],
    [
      'a text of another form, kept whole',
      'FAILED',
      'Something else',
      { code: null, message: 'Something else', isRetryable: false },
    ],
    [
      'a text that names only the mapping, kept whole',
      'FAILED',
      'Mapping Id: XDM44.',
      { code: null, message: 'Mapping Id: XDM44.', isRetryable: false },
    ],
    [
      'a code within the sentence, which stays readable',
      'FAILED',
      'Mapping Id: XDM44. Stopped by ACP-880185 here',
      { code: 'ACP-880185', message: 'Stopped by ACP-880185 here', isRetryable: false },
    ],
  ] as const)('reads %s', (_what, status, info, failure) => {
    expect(toIngestionFailure({ status, info, batchId: null }, 'XDM44')).toEqual(failure);
  });

  it('recognizes another form of the mapping id', () => {
    const info = 'Mapping Id: GR\u00d6SSE ACP-1. ACP-880056 Failed to fetch the record.';
    const failed = { status: 'FAILED', info, batchId: null } as const;
    expect(toIngestionFailure(failed, 'Gro\u0308\u00dfe ACP-1')).toEqual({
      code: 'ACP-880056',
      message: 'Failed to fetch the record.',
      isRetryable: true,
    });
  });

  it('finds no failure in a request without one', () => {
    const info = 'Mapping Id: ACP-880056.';
    expect(toIngestionFailure({ status: 'IN_PROGRESS', info, batchId: null }, 'x')).toBeNull();
    expect(
      toIngestionFailure({ status: 'SUCCESS', info, batchId: null, numRecords: 1 }, 'x'),
    ).toBeNull();
  });

  it('finds no code in the mapping id', () => {
    const info = 'Mapping Id: ACP-1. ACP-880056 Failed to fetch the record from the database.';
    expect(toIngestionFailure({ status: 'FAILED', info, batchId: null }, 'ACP-1')?.code).toBe(
      'ACP-880056',
    );
  });
});
