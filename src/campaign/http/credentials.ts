import type { Client as ImsClient } from '../../adobe/ims.js';

/** What a client may do besides asking for the status of requests. */
export const ROLES = ['sqlFunctionExecution', 'administration'] as const;

/**
 * - `sqlFunctionExecution`: Campaign's role of that name; starts ingestions
 * - `administration`: reads and changes mappings and jobs over the administration API
 */
export type Role = (typeof ROLES)[number];

/** A client that may ask for tokens, and its roles. */
export interface Client extends ImsClient {
  readonly roles: readonly Role[];
}

/** Whom the service lets in. It is asked for each call, so that its result may change. */
export interface Credentials {
  /** @throws {CredentialsUnreadableError} they can't be read now */
  apiKeys(): readonly string[];
  /** @throws {CredentialsUnreadableError} they can't be read now */
  clients(): readonly Client[];
}

/** Credentials that never change. */
export function createFixedCredentials(apiKey: string, clients: readonly Client[]): Credentials {
  return { apiKeys: () => [apiKey], clients: () => clients };
}
