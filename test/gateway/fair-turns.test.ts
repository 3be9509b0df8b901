import { describe, expect, it } from '@jest/globals';
import { rights, toMappingScope } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { askGateway } from '../support/ask-gateway.js';
import { shareGateway } from '../support/shared-gateway.js';

const STARTERS = 10;
const MAX_RPS = 100;
const mappingIds = Array.from({ length: STARTERS }, (_, index) => `M${index}`);
const keys = ['hostile', ...mappingIds, 'watching'].map((name) => ({ name, ...newApiKey() }));

const { upstream, gateway } = shareGateway(
  async () => ({
    maxRps: MAX_RPS,
    timeoutMs: 10_000,
    signIn: {
      accessTokens: null,
      apiKeys: keys.map(({ name, sha256 }) => ({
        name,
        sha256,
        rights,
        expiresAt: null,
        mappings: toMappingScope(['*']),
      })),
    },
  }),
  [...mappingIds, 'watched'],
);

function ask(name: string, query: string) {
  const key = keys.find((entry) => entry.name === name)?.key;
  return askGateway(gateway.url, query, { authorization: `Bearer ${key}` });
}

const start = (mappingId: string) =>
  `mutation { startIngestion(input: { mappingId: "${mappingId}" }) { __typename } }`;

describe('a caller who continuously asks for made-up ids', () => {
  it('delays neither starts nor watches', async () => {
    let hasEnded = false;
    let madeUp = 0;
    const hostile = Array.from({ length: 8 }, async () => {
      while (!hasEnded) {
        const looks = Array.from({ length: 10 }, () => {
          madeUp += 1;
          return `r${madeUp}: ingestionStatus(mappingId: "M0", requestId: "${900_000 + madeUp}", maxAgeMs: 0) { status }`;
        });
        const { data } = await ask('hostile', `{ ${looks.join(' ')} }`);
        expect(data).toBeDefined();
      }
    });
    await ask('watching', start('watched'));
    await upstream.arrived(MAX_RPS);
    const before = upstream.calls.length;
    const answers = await Promise.all(
      mappingIds.map((mappingId) => ask(mappingId, start(mappingId))),
    );
    for (const { data } of answers) {
      expect(data.startIngestion).toEqual({ __typename: 'IngestionSubmitted' });
    }
    const callsSince = upstream.calls.slice(before);
    const last = callsSince.findLastIndex(({ operation }) => operation === 'start');
    // The turns granted before the hostile callers came, one poll for each of them, and repeated calls.
    expect(last).toBeLessThan(2 * MAX_RPS);
    await upstream.finish();
    const list = '{ ingestionRequests(filter: { statuses: [SUCCESS] }) { nodes { mappingId } } }';
    for (let count = 0; count < STARTERS + 1; ) {
      const { data } = await ask('watching', list);
      count = data.ingestionRequests.nodes.length;
    }
    hasEnded = true;
    await Promise.all(hostile);
  });
});

describe('a request that the upstream does not know', () => {
  it('is not polled again for a moment, whatever maxAgeMs is', async () => {
    const look =
      '{ ingestionStatus(mappingId: "M0", requestId: "987654", maxAgeMs: 0) { status } }';
    for (let i = 0; i < 5; i += 1) {
      expect(await ask('watching', look)).toEqual({ data: { ingestionStatus: null } });
    }
    const looks = upstream.calls.filter(({ rawPath }) => rawPath.includes('987654'));
    expect(looks.length).toBeLessThan(5);
  });
});
