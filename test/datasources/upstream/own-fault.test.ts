import { describe, expect, it } from '@jest/globals';
import { toPlatformError } from '../../../src/datasources/platform/platform.failure.js';
import { createCallCircuit } from '../../../src/datasources/upstream/call-circuit.js';
import {
  CallFailure,
  toTransportFailure,
} from '../../../src/datasources/upstream/campaign.failure.js';
import { parseTokenAnswer } from '../../../src/datasources/upstream/ims-token.wire.js';
import { UpstreamError } from '../../../src/ingestion/gateway-error.js';
import { createManualClock } from '../../support/manual-clock.js';

const withCode = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
const ofBoth = (code: string) => new AggregateError([withCode(code), withCode(code)], 'connect');

describe.each(['EMFILE', 'ENFILE', 'ENOBUFS'])('a connection that fails with %s', (code) => {
  it.each([withCode(code), ofBoth(code)])(
    'is not an outage of the upstream, and names the local cause',
    async (cause) => {
      const failure = toTransportFailure({ kind: 'unsent', cause }, 'status');
      expect(failure.error.code).toBe('UPSTREAM_UNAVAILABLE');
      expect(failure.error.message).toMatch(
        /^The gateway cannot call the upstream now, because th.*\. Nothing was sent\.$/,
      );
      expect(failure.error.message).toContain(code);
      const circuit = createCallCircuit(createManualClock(), { failuresToOpen: 2, pauseMs: 1_000 });
      for (let count = 0; count < 5; count += 1) await circuit.run(async () => failure);
      expect(circuit.refusal()).toBeNull();
    },
  );

  it('is not an outage of the token service or of Platform', () => {
    const cause = withCode(code);
    let error: unknown;
    try {
      parseTokenAnswer({ kind: 'unsent', cause });
    } catch (thrown) {
      error = thrown;
    }
    expect((error as Error).message).toMatch(
      /^The gateway cannot call the token service now, because/,
    );
    expect(toPlatformError(error)).toMatchObject({
      code: 'PLATFORM_UNAVAILABLE',
      message: expect.stringMatching(
        /^The gateway cannot call Adobe Experience Platform now, because/,
      ),
    });
  });
});

it('a refused connection is an outage of the upstream', () => {
  const failure = toTransportFailure({ kind: 'unsent', cause: ofBoth('ECONNREFUSED') }, 'status');
  expect(failure).toBeInstanceOf(CallFailure);
  expect(failure.error).toBeInstanceOf(UpstreamError);
  expect([failure.isTrouble, failure.error.message]).toEqual([
    true,
    'The upstream cannot be reached: the connection failed, and nothing was sent.',
  ]);
});
