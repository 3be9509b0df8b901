import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseBatchAnswer } from '../../../src/datasources/platform/platform.wire.js';
import {
  InvalidAnswerError,
  parseReportedState,
  parseSubmission,
} from '../../../src/datasources/upstream/campaign.wire.js';
import { parseTokenAnswer } from '../../../src/datasources/upstream/ims-token.wire.js';
import { toComplaint } from '../../../src/datasources/upstream/upstream-complaint.js';
import { UpstreamError } from '../../../src/ingestion/gateway-error.js';
import { anyChar } from '../../support/any-char.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };
const parameters = { seed: 20_263, numRuns: 300 };

/** Objects with these fields, each with any value or missing. */
function oddObject(...names: readonly string[]): fc.Arbitrary<Record<string, unknown>> {
  const model = Object.fromEntries(names.map((name) => [name, fc.jsonValue({ maxDepth: 2 })]));
  return fc.record(model, { requiredKeys: [] });
}

function check(property: fc.IRawProperty<unknown>): void {
  fc.assert(property, parameters);
}

describe('with any values in the other fields', () => {
  const odd = oddObject('batchId', 'numRecords', 'info', 'errors', 'metrics', 'recordCount');

  it('a status is read', () => {
    const statuses = fc.constantFrom('Success', 'IN PROGRESS', 'failed ', 'Aborted');
    check(
      fc.property(odd, statuses, fc.constantFrom(3520, '3520', ' 3520'), (fields, status, id) => {
        const body = JSON.stringify({ ...fields, status, requestId: id });
        const state = parseReportedState(body, ref);
        expect(state.status).toBe(status.trim().toUpperCase().replace(' ', '_'));
        if (state.status !== 'SUCCESS' || state.numRecords === null) return;
        expect(Number.isSafeInteger(state.numRecords) && state.numRecords >= 0).toBe(true);
      }),
    );
  });

  it('an accepted start is identified by its id', () => {
    check(
      fc.property(odd, fc.bigInt({ min: 0n, max: 2n ** 70n }), (fields, id) => {
        const rest = JSON.stringify({ ...fields, status: 'success' }).slice(1);
        expect(parseSubmission(`{"requestId":${id},${rest}`, 'XDM44')).toMatchObject({
          kind: 'submitted',
          requestId: String(id),
        });
      }),
    );
  });

  it('a batch is reported', () => {
    check(
      fc.property(odd, (fields) => {
        const body = JSON.stringify({ b1: { ...fields, status: 'success' } });
        expect(parseBatchAnswer(body, 'b1').status).toBe('success');
      }),
    );
  });

  it('a token has a lifetime', () => {
    check(
      fc.property(oddObject('expires_in', 'scope', 'refresh_token'), (fields) => {
        const body = JSON.stringify({ ...fields, access_token: 't', token_type: 'Bearer' });
        const answer = { kind: 'answered', status: 200, headers: {}, body } as const;
        const { accessToken, lifeMs } = parseTokenAnswer(answer);
        expect(accessToken).toBe('t');
        expect(lifeMs > 0 && lifeMs <= 86_400_000).toBe(true);
      }),
    );
  });
});

describe('any answer', () => {
  const body = fc.oneof(
    fc.string({ unit: anyChar }),
    fc.json(),
    oddObject('status', 'requestId', 'info', 'error_code', 'message', 'code').map((answer) =>
      JSON.stringify(answer),
    ),
  );
  const unlessRefused = (kind: new (...args: never[]) => Error, parse: () => unknown) => {
    try {
      parse();
    } catch (error) {
      expect(error).toBeInstanceOf(kind);
    }
  };

  it('is read, or refused as an error of the upstream', () => {
    check(
      fc.property(body, (text) => {
        unlessRefused(InvalidAnswerError, () => parseReportedState(text, ref));
        unlessRefused(InvalidAnswerError, () => parseSubmission(text, 'XDM44'));
        const answer = { kind: 'answered', status: 200, headers: {}, body: text } as const;
        unlessRefused(UpstreamError, () => parseTokenAnswer(answer));
        expect(toComplaint(text).from).toBeTruthy();
      }),
    );
  });
});
