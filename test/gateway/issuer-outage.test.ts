import { describe, expect, it } from '@jest/globals';
import { rights, toMappingScope } from '../../src/ingestion/caller.js';
import { newApiKey } from '../../src/server/sign-in/api-keys.js';
import { openSocket } from '../support/raw-socket.js';
import { held, json, startScriptedUpstream } from '../support/scripted-upstream.js';
import { useSignedInGateway } from '../support/signed-in-gateway.js';
import { startTestGateway } from '../support/test-gateway.js';
import { startTokenIssuer, toTokenRules } from '../support/token-issuer.js';

const gateway = useSignedInGateway([]);
const { bearer } = gateway;

describe('an issuer', () => {
  it('is not blamed on the caller when it is down', async () => {
    const ownKey = newApiKey();
    const down = await startTokenIssuer(gateway.issuerKey);
    down.goDown();
    const apiKey = { name: 'ops', rights, mappings: toMappingScope(['*']), expiresAt: null };
    const own = await startTestGateway(gateway.upstream.config, {
      signIn: {
        accessTokens: toTokenRules(down),
        apiKeys: [{ ...apiKey, sha256: ownKey.sha256 }],
      },
    });
    const post = (authorization: string) =>
      fetch(`${own.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query: '{ __typename }' }),
      });
    const response = await post(await bearer());
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'SIGN_IN_UNAVAILABLE' } }],
    });
    const socket = await openSocket(own.url, { isGreeted: false });
    socket.send({ type: 'connection_init', payload: { authorization: await bearer() } });
    expect(await socket.closed).toBe(1013);
    // Credentials that need no issuer still work.
    expect((await post(`Bearer ${ownKey.key}`)).status).toBe(200);
    expect((await post('Bearer no.to.ken')).status).toBe(401);
    await own.stop();
    await down.close();
  });

  it('delays nobody who has left when it is slow', async () => {
    const slow = await startScriptedUpstream();
    const { answer, release } = held(json(200, { keys: [gateway.issuerKey.publicJwk] }));
    slow.otherwise(answer);
    const own = await startTestGateway(gateway.upstream.config, {
      signIn: {
        accessTokens: toTokenRules({ jwksUrl: new URL(slow.url) }),
        apiKeys: [],
      },
    });
    const init = { type: 'connection_init', payload: { authorization: await bearer() } };
    const left = await openSocket(own.url, { isGreeted: false });
    left.send(init);
    await slow.arrived(1);
    await left.close();
    const stayed = await openSocket(own.url, { isGreeted: false });
    stayed.send(init);
    stayed.send({ type: 'ping' });
    expect(await stayed.next()).toEqual({ type: 'pong' });
    release();
    expect(await stayed.next()).toEqual({ type: 'connection_ack' });
    await stayed.close();
    await own.stop();
    await slow.close();
    expect(own.logLines.filter(({ level }) => level === 'error' || level === 50)).toEqual([]);
  });
});
