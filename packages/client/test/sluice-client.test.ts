import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestUpstream } from '../../../test/support/start-test-upstream.js';
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.js';
import { startTestGateway, type TestGateway } from '../../../test/support/test-gateway.js';
import { oddMappings, type TestUpstream } from '../../../test/support/test-upstream.js';
import { GatewayError } from '../src/gateway-error.js';
import {
  createSluiceClient,
  matchOutcome,
  type RequestRef,
  type SluiceClient,
  type StartOutcome,
} from '../src/sluice-client.js';

const mappingId = 'XDM44';

let upstream: TestUpstream;
let gateway: TestGateway;
let proxy: TcpProxy;
let client: SluiceClient;

beforeAll(async () => {
  upstream = await startTestUpstream([mappingId]);
  gateway = await startTestGateway(upstream.config);
  proxy = await startTcpProxy(gateway.url);
  client = createSluiceClient({ url: new URL('/graphql', proxy.url), maxRetryDelayMs: 10 });
});

afterEach(() => upstream.finish());

afterAll(async () => {
  await client.dispose();
  await proxy.close();
  await gateway.stop();
  await upstream.close();
});

const toRef = (outcome: StartOutcome): RequestRef => {
  if (outcome.__typename !== 'IngestionSubmitted') throw new Error(outcome.__typename);
  return outcome.request;
};

it('starts, follows to the end, and lists', async () => {
  const ref = toRef(await client.start({ mappingId }));
  const watched: string[] = [];
  for await (const { to } of client.watch(ref)) {
    watched.push(to);
    if (to === 'IN_PROGRESS') await upstream.finish();
  }
  expect(watched).toEqual(['IN_PROGRESS', 'SUCCESS']);
  expect((await client.wait(ref, { timeoutMs: 10_000 })).to).toBe('SUCCESS');
  expect(await client.status(ref)).toMatchObject({ status: 'SUCCESS' });
  expect((await client.list({ first: 1 })).nodes).toMatchObject([{ requestId: ref.requestId }]);
});

it('tells of activity from now on', async () => {
  const events = client.activity({ mappingIds: [mappingId] });
  const next = events.next();
  while (client.connection.get().state !== 'upToDate') {
    await new Promise<void>((resolve) => client.connection.listen(resolve));
  }
  const { requestId } = toRef(await client.start({ mappingId }));
  expect((await next).value).toMatchObject({ to: 'IN_PROGRESS', request: { requestId } });
  await events.return?.();
});

describe('a start', () => {
  it('whose answer is lost is asked for again, and starts nothing twice', async () => {
    const starts = () => upstream.calls.filter(({ operation }) => operation === 'start').length;
    const before = starts();
    proxy.cutAt('StartIngestion', true);
    const ref = toRef(await client.start({ mappingId }));
    expect(starts() - before).toBe(1);
    expect(ref.mappingId).toBe(mappingId);
  });

  it('that the upstream refuses has a type, for each of which there is a case', async () => {
    const outcome = await client.start({ mappingId: oddMappings.unpublished });
    const never = () => 'something else';
    const text = matchOutcome(outcome, {
      IngestionSubmitted: never,
      IngestionAlreadyInProgress: never,
      MappingNotPublished: ({ mappingId }) => `publish ${mappingId}`,
      MappingNotStopped: never,
      IngestionRefused: never,
      StartIngestionError: never,
    });
    expect(text).toBe(`publish ${oddMappings.unpublished}`);
  });

  it('that the gateway refuses throws its code', async () => {
    const refused = client.start({ mappingId: '' });
    await expect(refused).rejects.toThrow(GatewayError);
    await expect(refused).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('a wait', () => {
  it('ends with its time, and with its signal', async () => {
    const ref = toRef(await client.start({ mappingId }));
    await expect(client.wait(ref, { timeoutMs: 1 })).rejects.toMatchObject({
      name: 'TimeoutError',
    });
    const given = AbortSignal.abort('enough');
    await expect(client.wait(ref, { signal: given })).rejects.toBe('enough');
  });

  it('for a request that nobody knows is refused', async () => {
    await expect(client.wait({ mappingId, requestId: '999999' })).rejects.toMatchObject({
      code: 'INGESTION_REQUEST_NOT_FOUND',
    });
  });
});
