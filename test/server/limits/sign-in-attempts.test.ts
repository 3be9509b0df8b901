import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { anonymous } from '../../../src/ingestion/caller.js';
import { GatewayError } from '../../../src/ingestion/gateway-error.js';
import { systemClock } from '../../../src/process/system-clock.js';
import { createAllowance } from '../../../src/server/limits/allowance.js';
import { limitAttempts } from '../../../src/server/limits/sign-in-attempts.js';
import { newApiKey } from '../../../src/server/sign-in/api-keys.js';
import { createSignIn, type SignIn } from '../../../src/server/sign-in/sign-in.js';
import { createManualClock } from '../../support/manual-clock.js';
import { silentLogger } from '../../support/silent-logger.js';
import {
  type IssuerKey,
  newIssuerKey,
  signToken,
  startTokenIssuer,
  type TokenIssuer,
  toTokenRules,
} from '../../support/token-issuer.js';

const MAX_FAILED = 3;

let key: IssuerKey;
let stranger: IssuerKey;
let issuer: TokenIssuer;

beforeAll(async () => {
  key = await newIssuerKey('k1');
  // A forged key with the id of the issuer’s.
  stranger = await newIssuerKey('k1');
  issuer = await startTokenIssuer(key);
});

afterAll(() => issuer.close());

const apiKey = newApiKey();

/** A limited sign-in, and the number of credentials that it checked. */
function openSignIn() {
  const config = {
    accessTokens: toTokenRules(issuer),
    apiKeys: [{ ...anonymous, name: 'ops', sha256: apiKey.sha256 }],
  };
  const signIn = createSignIn(config, systemClock, silentLogger);
  const looked = { count: 0 };
  const counted: SignIn = {
    ...signIn,
    identify(authorization, addressKey) {
      looked.count += 1;
      return signIn.identify(authorization, addressKey);
    },
  };
  const clock = createManualClock();
  const limited = limitAttempts(counted, createAllowance('failed sign-ins', MAX_FAILED), clock);
  return {
    looked,
    clock,
    /** The name of the caller, or the code of the error. */
    async show(credentials: string, address = 'a'): Promise<string | null> {
      try {
        return (await limited.identify(`Bearer ${credentials}`, address)).name;
      } catch (error) {
        if (error instanceof GatewayError) return error.code;
        throw error;
      }
    },
  };
}

const forged = (index: number) => signToken(stranger, { jti: `${index}` });
const good = (index: number) => signToken(key, { jti: `${index}` });
const many = <T>(count: number, make: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)));
const countOf = (all: readonly unknown[], one: unknown) =>
  all.filter((each) => each === one).length;

it('a hundred forged tokens are checked only up to the limit, and the others slowly', async () => {
  const { looked, show, clock } = openSignIn();
  const tokens = await many(100, forged);
  const showing = tokens.map((token) => show(token));
  // Everything but those that wait: the last are refused because too many wait already.
  while (clock.pendingCount === 0) await setTimeout(1);
  for (let second = 0; second < 4; second += 1) {
    await clock.advance(1_000);
    await setTimeout(5);
  }
  const shown = await Promise.all(showing);
  expect(countOf(shown, 'UNAUTHENTICATED')).toBe(MAX_FAILED);
  expect(countOf(shown, 'RATE_LIMITED')).toBe(100 - MAX_FAILED);
  expect(looked.count).toBeLessThanOrEqual(MAX_FAILED + 1 + 8);
});

it('a hundred concurrent valid tokens are all accepted, and use up no attempts', async () => {
  const { show } = openSignIn();
  const tokens = await many(100, good);
  const shown = await Promise.all(tokens.map((token) => show(token)));
  expect(countOf(shown, 'ci')).toBe(100);
  expect(await show(await forged(0))).toBe('UNAUTHENTICATED');
});

it('valid tokens among forged ones are accepted while there is room, and later if they are known', async () => {
  const { show, clock } = openSignIn();
  const known = await good(0);
  expect(await show(known)).toBe('ci');
  for (let index = 0; index < MAX_FAILED; index += 1) await show(await forged(index));
  expect(await show(await forged(9))).toBe('RATE_LIMITED');
  expect(await show(known)).toBe('ci');
  expect(await show(apiKey.key)).toBe('ops');
  // An unknown token needs a check, of which few are left.
  const renewed = show(await good(1));
  await clock.scheduled(0, 250);
  await clock.advance(250);
  expect(await renewed).toBe('ci');
  expect(await show(await good(1), 'another address')).toBe('ci');
});

it('an expired token is reported as expired however often it is sent, and uses up no attempts', async () => {
  const { show } = openSignIn();
  const expired = await signToken(key, { exp: 1 });
  const shown = await many(20, () => show(expired));
  expect(countOf(shown, 'UNAUTHENTICATED')).toBe(20);
  expect(await show(await forged(0))).toBe('UNAUTHENTICATED');
});
