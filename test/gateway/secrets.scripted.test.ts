import { expect, it } from '@jest/globals';
import { IngestionStatusDocument, StartIngestionDocument } from '../generated/operations.js';
import { statusAnswers } from '../support/campaign-answers.js';
import { json, startScriptedUpstream } from '../support/scripted-upstream.js';
import { API_KEY, startTestGateway, toTestUpstream } from '../support/test-gateway.js';

const ref = { mappingId: 'XDM44', requestId: '3520' };

it('no secret appears in the debug log or in an answer, even if the upstream quotes it', async () => {
  const secret = 'planted-client-secret';
  const token = 'planted-fetched-token';
  const ims = await startScriptedUpstream();
  ims.otherwise(json(200, { access_token: token, token_type: 'bearer', expires_in: 3600 }));
  const upstream = await startScriptedUpstream();
  const gateway = await startTestGateway({
    ...toTestUpstream(upstream.url),
    token: {
      kind: 'clientCredentials',
      imsUrl: ims.url,
      clientId: 'client',
      clientSecret: secret,
      scopes: ['openid'],
    },
  });
  const answers: unknown[] = [];
  const tell = async () => {
    answers.push(await gateway.client.execute(IngestionStatusDocument, { ...ref, maxAgeMs: 0 }));
    answers.push(await gateway.client.execute(StartIngestionDocument, { mappingId: 'XDM44' }));
    answers.push(await (await fetch(`${gateway.url}/readyz`)).text());
  };
  upstream.otherwise(json(200, statusAnswers.inProgress('XDM44', 3520)));
  await tell();
  for (const status of [200, 400, 401, 403, 429, 500]) {
    // Everything but codes and ids, which are passed on unchanged.
    upstream.otherwise((response, call) => {
      const said = JSON.stringify([call.headers, token]);
      json(status, { error_code: '1', message: said, title: said, status: said })(response, call);
    });
    await tell();
  }
  while (!gateway.logLines.some(({ msg }) => String(msg).startsWith('A poll failed'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  ims.otherwise((response, call) => json(400, { error: call.body })(response, call));
  upstream.otherwise(json(401, { error_code: '401013', message: token }));
  await tell();
  await ims.close();
  await upstream.close();
  await tell();

  // The secrets were used, and the log is not empty.
  expect(ims.calls[0]?.body).toContain(secret);
  expect(upstream.calls[0]?.headers).toMatchObject({
    authorization: `Bearer ${token}`,
    'x-api-key': API_KEY,
  });
  expect(gateway.logLines.length).toBeGreaterThan(20);
  const said = JSON.stringify([gateway.logLines, answers]);
  for (const planted of [secret, token, API_KEY]) expect(said).not.toContain(planted);
  await gateway.stop();
});
