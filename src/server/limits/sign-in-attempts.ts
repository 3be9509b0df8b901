import { UnauthenticatedError } from '../../ingestion/gateway-error.js';
import type { Clock } from '../../ingestion/ports.js';
import type { SignIn } from '../sign-in/sign-in.js';
import type { Allowance } from './allowance.js';
import { createSlowChecks } from './slow-checks.js';

/** Checks of one address in progress. */
interface Checks {
  count: number;
  /** Resolves when one of them has ended. */
  next: PromiseWithResolvers<void>;
}

/**
 * Count failed sign-ins for each address, and make those who keep failing wait.
 *
 * A new token uses one of the address's allowed failures before its signature is checked, and waits for one while
 * others are being checked. So invalid tokens can cause at most that many checks a minute, even if they are all sent
 * at once. After that, an address gets a few checks a second, so that somebody who fails on purpose can't lock out
 * others who renew a token at the same address. Known tokens and valid API keys are accepted at once. Expired and
 * missing credentials don't count, because expired ones were valid once, and their clients must be told what to do.
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

  /** @throws {RateLimitedError} too many have failed, and too many already wait to be checked */
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
