import { describe, expect, it } from '@jest/globals';
import { IngestionStatusDocument, StartIngestionsDocument } from '../generated/operations.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import {
  ask,
  mappingId,
  requestId,
  start,
  useScriptedGateway,
} from '../support/scripted-gateway.js';
import { json, text } from '../support/scripted-upstream.js';

const gateway = useScriptedGateway('each');

describe('a documented answer to a start', () => {
  it('submitted becomes a watched request', async () => {
    gateway.upstream.script(json(200, startAnswers.submitted(mappingId, 3520)));
    gateway.upstream.otherwise(json(200, statusAnswers.inProgress(mappingId, 3520)));
    const { data } = await start(gateway);
    expect(data?.startIngestion).toMatchObject({
      __typename: 'IngestionSubmitted',
      message: 'Ingestion request submitted successfully for the Mapping ID: XDM44',
      request: {
        mappingId,
        requestId,
        status: 'IN_PROGRESS',
        isTerminal: false,
        numRecords: null,
        batchId: null,
        failure: null,
        startedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        finishedAt: null,
        watch: { consecutiveFailures: 0, lastFailure: null, nextPollAt: expect.any(String) },
      },
    });
    await gateway.upstream.arrived(3);
  });

  it('already in progress becomes the running request that somebody else started', async () => {
    gateway.upstream.script(json(200, startAnswers.alreadyInProgress(mappingId, '3520')));
    gateway.upstream.otherwise(json(200, statusAnswers.inProgress(mappingId, 3520)));
    const { data } = await start(gateway);
    expect(data?.startIngestion).toMatchObject({
      __typename: 'IngestionAlreadyInProgress',
      request: { requestId, status: 'IN_PROGRESS', startedAt: null },
    });
    await gateway.upstream.arrived(2);
  });

  it.each([
    ['not stopped', 200, startAnswers.notStopped(mappingId), 'MappingNotStopped'],
    ['not stopped, with a 4xx', 400, startAnswers.notStopped(mappingId), 'MappingNotStopped'],
    ['not published', 200, startAnswers.notPublished(mappingId), 'MappingNotPublished'],
    ['not published, with a 4xx', 409, startAnswers.notPublished(mappingId), 'MappingNotPublished'],
    [
      'refused in other words',
      200,
      { info: 'Unable to submit: unknown mapping', status: 'Failed' },
      'IngestionRefused',
    ],
  ])('is reported: %s', async (_title, status, answer, type) => {
    gateway.upstream.script(json(status, answer));
    const { data, errors } = await start(gateway);
    expect(errors).toBeUndefined();
    expect(data?.startIngestion).toEqual({ __typename: type, mappingId, message: answer.info });
    expect(gateway.upstream.calls).toHaveLength(1);
  });
});

describe('a documented answer to a status question', () => {
  it.each([
    [
      'success',
      statusAnswers.success(mappingId, 3520),
      {
        status: 'SUCCESS',
        isTerminal: true,
        numRecords: 15,
        batchId: null,
        info: 'Mapping Id: XDM44. ',
      },
    ],
    [
      'failed, nothing ingested',
      statusAnswers.failedEmpty(mappingId, 3520),
      {
        status: 'FAILED',
        isTerminal: true,
        numRecords: null,
        batchId: null,
        failure: {
          code: 'ACP-880056',
          message: 'Failed to fetch the record from the database.',
          isRetryable: true,
        },
      },
    ],
    [
      'failed after a batch was uploaded',
      statusAnswers.failedInBatch(mappingId, 3520),
      {
        status: 'FAILED',
        numRecords: null,
        batchId: 'b0b1',
        failure: {
          code: 'ACP-880096',
          message: 'Sync Job failed to upload. Please check the error in the Platform UI.',
          isRetryable: false,
        },
      },
    ],
    [
      'aborted by a crash of the service',
      statusAnswers.aborted(mappingId, 3520),
      {
        status: 'ABORTED',
        isTerminal: true,
        numRecords: null,
        failure: { code: null, isRetryable: true },
      },
    ],
    [
      'running',
      statusAnswers.inProgress(mappingId, 3520),
      {
        status: 'IN_PROGRESS',
        isTerminal: false,
        numRecords: null,
        failure: null,
        finishedAt: null,
      },
    ],
  ])('is reported: %s', async (_title, answer, request) => {
    gateway.upstream.otherwise(json(200, answer));
    const { data, errors } = await ask(gateway);
    expect(errors).toBeUndefined();
    expect(data?.ingestionStatus).toMatchObject({ mappingId, requestId, ...request });
  });

  it('keeps every digit of a request id past 2^53', async () => {
    const longId = '90071992547409931234';
    gateway.upstream.otherwise(
      text(200, `{"batchId":"","info":"","numRecords":3,"requestId":${longId},"status":"Success"}`),
    );
    const { data } = await gateway.client.execute(IngestionStatusDocument, {
      mappingId,
      requestId: longId,
    });
    expect(data?.ingestionStatus).toMatchObject({ requestId: longId, numRecords: 3 });
    expect(gateway.upstream.calls[0]?.rawPath).toContain(`requestId=${longId}`);
  });

  it('is null for an unknown request', async () => {
    gateway.upstream.otherwise(text(404, 'RST-360011 An error has occurred'));
    expect(await ask(gateway)).toMatchObject({
      data: { ingestionStatus: null },
      errors: undefined,
    });
  });
});

describe('starts in one call', () => {
  it('have one outcome each, in order, and a failed one does not hide the others', async () => {
    gateway.upstream.otherwise((response, call) => {
      const mapping = decodeURIComponent(call.rawPath.split('/').at(-2) ?? '');
      if (call.method === 'GET') json(200, statusAnswers.inProgress(mapping, 1))(response, call);
      else if (mapping === 'broken') text(504, 'GatewayTimeout')(response, call);
      else if (mapping === 'closed') json(200, startAnswers.notPublished(mapping))(response, call);
      else json(200, startAnswers.submitted(mapping, 1))(response, call);
    });
    const inputs = ['a', 'broken', 'closed', 'b'].map((id) => ({ mappingId: id }));
    const { data, errors } = await gateway.client.execute(StartIngestionsDocument, { inputs });
    expect(errors).toBeUndefined();
    expect(data?.startIngestions).toMatchObject([
      { __typename: 'IngestionSubmitted', request: { mappingId: 'a' } },
      {
        __typename: 'StartIngestionError',
        mappingId: 'broken',
        code: 'UPSTREAM_TIMEOUT',
        outcomeUnknown: true,
      },
      { __typename: 'MappingNotPublished', mappingId: 'closed' },
      { __typename: 'IngestionSubmitted', request: { mappingId: 'b' } },
    ]);
  });
});
