import type { Client as ImsClient } from '../../adobe/ims.js';

/** What a client may do beyond asking for the status of requests. */
export const ROLES = ['sqlFunctionExecution', 'administration'] as const;

/**
 * - `sqlFunctionExecution`: Campaign's role of that name; starts ingestions
 * - `administration`: reads and changes mappings and jobs over the administration API
 */
export type Role = (typeof ROLES)[number];

/** Who may ask for tokens, and what they are good for. */
export interface Client extends ImsClient {
  readonly roles: readonly Role[];
}

/** Whom the service lets in. It is asked with each call, so that what it says may change. */
export interface Credentials {
  /** @throws {CredentialsUnreadableError} nobody can tell now */
  apiKeys(): readonly string[];
  /** @throws {CredentialsUnreadableError} nobody can tell now */
  clients(): readonly Client[];
}

/** Credentials that stay as they are. */
export function createFixedCredentials(apiKey: string, clients: readonly Client[]): Credentials {
  return { apiKeys: () => [apiKey], clients: () => clients };
}
