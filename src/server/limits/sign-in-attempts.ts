import { UnauthenticatedError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import type { SignIn } from '../sign-in/sign-in.js';
import type { Allowance } from './allowance.js';
import { createSlowChecks } from './slow-checks.js';

/** Checks of one address that are under way. */
interface Checks {
  count: number;
  /** Resolves when one of them is over. */
  next: PromiseWithResolvers<void>;
}

/**
 * Count for each address what was not accepted, and tell who goes on so to wait.
 *
 * A token that was never seen takes its place among those that may fail before its signature is checked, and
 * waits for one while others are being checked: so many checks a minute are all that nonsense can have done, be
 * it sent at once. Behind them an address has a few checks in a second: whoever fails on purpose locks nobody out
 * who renews a token behind the same address. What is known already, and a good API key, are let in at once. What
 * has expired was good once, and what is missing is no attempt: neither is counted, as their clients must be told
 * what to do.
 */
export function limitAttempts(signIn: SignIn, failures: Allowance, clock: Clock): SignIn {
  const slowChecks = createSlowChecks(clock);
  const checksByAddress = new Map<string, Checks>();

  function begin(addressKey: string): Checks {
    const checks = checksByAddress.get(addressKey) ?? { count: 0, next: Promise.withResolvers() };
    checks.count += 1;
    checksByAddress.set(addressKey, checks);
    return checks;
  }

  function end(addressKey: string, checks: Checks): void {
    checks.count -= 1;
    if (checks.count === 0) checksByAddress.delete(addressKey);
    checks.next.resolve();
    checks.next = Promise.withResolvers();
  }

  /** @throws {RateLimitedError} too many have failed, and too many wait to be checked all the same */
  async function beginInTurn(addressKey: string): Promise<Checks> {
    for (;;) {
      const left = await failures.left(addressKey);
      const checks = checksByAddress.get(addressKey);
      if ((checks?.count ?? 0) < left) return begin(addressKey);
      if (checks && left > 0) {
        await checks.next.promise;
        continue;
      }
      await slowChecks.turn(addressKey);
      return begin(addressKey);
    }
  }

  async function identifyCounted(authorization: string | undefined, addressKey: string) {
    const checks = await beginInTurn(addressKey);
    try {
      return await identify(authorization, addressKey);
    } finally {
      end(addressKey, checks);
    }
  }

  async function identify(authorization: string | undefined, addressKey: string) {
    try {
      return await signIn.identify(authorization, addressKey);
    } catch (error) {
      if (isFailure(error)) await failures.take(addressKey, 1);
      throw error;
    }
  }

  return {
    ...signIn,
    identify: (authorization, addressKey) =>
      signIn.needsCheck(authorization)
        ? identifyCounted(authorization, addressKey)
        : identify(authorization, addressKey),
  };
}

function isFailure(error: unknown): boolean {
  return error instanceof UnauthenticatedError && error.reason === 'refused';
}
