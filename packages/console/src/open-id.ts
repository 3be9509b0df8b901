import type { User, UserManager } from 'oidc-client-ts';
import { pageContent } from './page-content.js';
import { replaceAddress } from './route.js';

/** An access token that has less than this left, in s, is renewed before it is used. */
const RENEW_BEFORE_S = 10;

/** Temporary errors of a provider. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable']);

/** Where the provider sends people back to: this page, without its fragment. */
const HOME = new URL('.', location.href).href;

let manager: Promise<UserManager> | null = null;
let arrival: Promise<void> | null = null;
let renewal: Promise<string> | null = null;

/** Whether people can sign in with an OpenID provider. */
export const hasOpenId = Boolean(pageContent.openId);

/** Go to the provider, which comes back to what is shown now. */
export async function goToProvider(): Promise<void> {
  await (await load()).signinRedirect({ state: location.hash });
}

/**
 * Finish what {@link goToProvider} began, if the provider has just sent somebody back. Does so once.
 *
 * @throws {Error} with the provider's words, if it let nobody in
 */
export function finishSignIn(): Promise<void> {
  arrival ??= isBackFromProvider() ? takeAnswer() : Promise.resolve();
  return arrival;
}

/**
 * A good access token; empty if nobody is signed in.
 *
 * @throws {Error} the token has to be renewed, and the provider does not answer
 */
export async function readAccessToken(): Promise<string> {
  if (!isRemembered()) return '';
  const loaded = await load();
  const user = await loaded.getUser();
  if (!user) return '';
  if (!isExpiring(user) || !user.refresh_token) return user.access_token;
  renewal ??= renew(loaded).finally(() => {
    renewal = null;
  });
  return renewal;
}

/** Forget the tokens, and sign out of the provider if it has a way to do so. */
export async function signOutOfProvider(): Promise<void> {
  if (!isRemembered()) return;
  const loaded = await load();
  const endpoint = await loaded.metadataService.getEndSessionEndpoint().catch(() => undefined);
  if (endpoint === undefined) await loaded.removeUser();
  else await loaded.signoutRedirect();
}

function isBackFromProvider(): boolean {
  const answer = new URLSearchParams(location.search);
  return hasOpenId && answer.has('state') && (answer.has('code') || answer.has('error'));
}

async function takeAnswer(): Promise<void> {
  let hash: unknown;
  try {
    ({ state: hash } = await (await load()).signinRedirectCallback());
  } finally {
    replaceAddress(`${HOME}${typeof hash === 'string' ? hash : ''}`);
  }
}

async function renew(loaded: UserManager): Promise<string> {
  const { ErrorResponse } = await import('oidc-client-ts');
  try {
    return (await loaded.signinSilent())?.access_token ?? '';
  } catch (failure) {
    if (!(failure instanceof ErrorResponse) || TRANSIENT_CODES.has(failure.error ?? ''))
      throw failure;
    // The provider has ended the session.
    await loaded.removeUser();
    return '';
  }
}

function isExpiring({ expires_in: leftS }: User): boolean {
  return leftS !== undefined && leftS < RENEW_BEFORE_S;
}

/** Whether the library keeps tokens in this tab; if not, it need not be loaded. */
function isRemembered(): boolean {
  return Object.keys(sessionStorage).some((key) => key.startsWith('oidc.user:'));
}

function load(): Promise<UserManager> {
  manager ??= create();
  return manager;
}

async function create(): Promise<UserManager> {
  const { openId } = pageContent;
  if (!openId) throw new Error('This gateway has no OpenID provider.');
  const { UserManager, WebStorageStateStore } = await import('oidc-client-ts');
  return new UserManager({
    authority: openId.issuer,
    client_id: openId.clientId,
    scope: openId.scope,
    redirect_uri: HOME,
    post_logout_redirect_uri: HOME,
    userStore: new WebStorageStateStore({ store: sessionStorage }),
    stateStore: new WebStorageStateStore({ store: sessionStorage, prefix: 'oidc.state.' }),
    // Tokens are renewed when they are needed: timers stand still while a machine sleeps.
    automaticSilentRenew: false,
  });
}
