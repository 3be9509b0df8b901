import { createTokenSource } from '../../../src/datasources/upstream/ims-token.datasource.js';
import type { ClientCredentials } from '../../../src/datasources/upstream/ims-token.wire.js';
import { createManualClock } from '../../support/manual-clock.js';
import { json } from '../../support/scripted-upstream.js';
import { releaseAfterTest, scripted, setUp } from './campaign-harness.js';

/** An answer with a token. */
export const granted = (token: string, expiresInSeconds = 86_399) =>
  json(200, { access_token: token, token_type: 'bearer', expires_in: expiresInSeconds });

function credentialsFor(imsUrl: string): ClientCredentials {
  return {
    kind: 'clientCredentials',
    imsUrl,
    clientId: 'client 1',
    clientSecret: 's3cret&=',
    scopes: ['openid', 'AdobeID'],
  };
}

/** A token source in front of a scripted token service. */
export async function setUpTokens(timeoutMs = 10_000) {
  const ims = await scripted();
  const clock = createManualClock();
  const fetches: [string, number][] = [];
  const failed = Promise.withResolvers<void>();
  const tokens = createTokenSource(credentialsFor(ims.url), {
    clock,
    timeoutMs,
    onFetch: (outcome, durationMs) => {
      fetches.push([outcome, durationMs]);
      if (outcome !== 'OK') failed.resolve();
    },
  });
  releaseAfterTest(() => tokens.close());
  return { ims, clock, tokens, fetches, failed: failed.promise };
}

/** A datasource whose tokens come from a scripted token service. */
export async function setUpCampaign(timeoutMs = 30_000) {
  const ims = await scripted();
  return { ims, ...(await setUp({ token: credentialsFor(ims.url), timeoutMs })) };
}
