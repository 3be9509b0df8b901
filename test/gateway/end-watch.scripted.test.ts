import { afterEach, expect, it } from '@jest/globals';
import { askGateway } from '../support/ask-gateway.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { json, startScriptedUpstream } from '../support/scripted-upstream.js';
import { startTestGateway } from '../support/test-gateway.js';

const left: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of left.splice(0).reverse()) await end();
});

it('endWatch stops the polls of a request until somebody asks about it', async () => {
  const upstream = await startScriptedUpstream();
  left.push(() => upstream.close());
  upstream.otherwise(json(200, statusAnswers.inProgress('XDM44', 3520)));
  const gateway = await startTestGateway(upstream.url);
  left.push(() => gateway.stop());
  const ask = (query: string) => askGateway(gateway.url, query);
  const ref = 'mappingId: "XDM44", requestId: "3520"';
  const endWatch = `mutation { endWatch(${ref}) {
    wasWatched request { status watch { nextPollAt endedBecause } }
  } }`;
  expect((await ask(endWatch)).errors).toMatchObject([
    { extensions: { code: 'INGESTION_REQUEST_NOT_FOUND' } },
  ]);

  upstream.script(json(200, startAnswers.submitted('XDM44', 3520)));
  await ask('mutation { startIngestion(input: { mappingId: "XDM44" }) { __typename } }');
  await upstream.arrived(3);
  const ended = { nextPollAt: null, endedBecause: 'ENDED_BY_OPERATOR' };
  expect((await ask(endWatch)).data.endWatch).toEqual({
    wasWatched: true,
    request: { status: 'IN_PROGRESS', watch: ended },
  });
  expect((await ask(endWatch)).data.endWatch.wasWatched).toBe(false);

  const watch = `{ ingestionStatus(${ref}, maxAgeMs: 0) { watch { endedBecause } } }`;
  expect((await ask(watch)).data.ingestionStatus.watch.endedBecause).toBeNull();
  const calls = upstream.calls.length;
  await upstream.arrived(calls + 2);
});
