import { describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { shareGateway } from '../support/shared-gateway.js';

/** The number of audits. Bare Apollo Server 5.5 passes 55 with CSRF prevention on. */
const LEAST_AUDITS_PASSED = 61;

const { gateway } = shareGateway();

describe('GraphQL over HTTP', () => {
  it('passes every MUST and SHOULD audit of graphql-http', async () => {
    const audits = serverAudits({ url: () => `${gateway.url}/graphql`, fetchFn: fetch });
    const results = await Promise.all(audits.map((audit) => audit.fn()));
    const failed = results.filter(({ status }) => status !== 'ok');
    expect(failed.filter(({ status }) => status === 'error')).toEqual([]);
    expect(results.length - failed.length).toBeGreaterThanOrEqual(LEAST_AUDITS_PASSED);
  });
});
