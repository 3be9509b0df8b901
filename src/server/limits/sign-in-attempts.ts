import { UnauthenticatedError } from '../../ingestion/gateway-error.js';
import type { SignIn } from '../sign-in.js';
import type { Allowance } from './allowance.js';

/**
 * Count for each address what was not accepted, and tell who goes on so to wait.
 *
 * What is good is let in all the same: whoever fails on purpose locks out nobody behind the same address. No
 * number of attempts finds a key of 256 bits or forges a signature. What has expired was good once, and what
 * is missing is no attempt: neither is counted, as their clients must be told what to do.
 */
export function limitAttempts(signIn: SignIn, failures: Allowance): SignIn {
  return {
    ...signIn,
    async identify(authorization, addressKey) {
      try {
        return await signIn.identify(authorization, addressKey);
      } catch (error) {
        const isFailure = error instanceof UnauthenticatedError && error.reason === 'refused';
        if (isFailure) await failures.take(addressKey, 1);
        throw error;
      }
    },
  };
}
