import { describe, expect, it } from '@jest/globals';
import { setUpSettings, tokens } from './set-up-settings.js';

const { issuesOf, parse } = setUpSettings();

describe('the console’s sign-in with an OpenID provider', () => {
  const console = {
    CONSOLE_OIDC_ISSUER: 'https://login.test/realm/',
    CONSOLE_OIDC_CLIENT_ID: 'sluice-console',
  };

  it('is offered where it is set', () => {
    expect(parse(tokens).openId).toBeNull();
    expect(parse({ ...tokens, ...console }).openId).toEqual({
      issuer: 'https://login.test/realm',
      clientId: 'sluice-console',
      scope: 'openid offline_access',
    });
    const scope = 'openid api://sluice/all';
    expect(parse({ ...tokens, ...console, CONSOLE_OIDC_SCOPE: scope }).openId?.scope).toBe(scope);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'no client id',
      { CONSOLE_OIDC_CLIENT_ID: '' },
      'CONSOLE_OIDC_CLIENT_ID is not set: expected because CONSOLE_OIDC_ISSUER is set. Register the console with the provider as a public client, and set the id that it gets there',
    ],
    [
      'no keys to check its tokens with',
      { AUTH_JWKS_URL: '', AUTH_ISSUER: '', AUTH_AUDIENCE: '', API_KEYS_FILE: 'keys.yaml' },
      'AUTH_JWKS_URL is not set: expected because CONSOLE_OIDC_ISSUER is set. Sluice checks the provider’s tokens with AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE',
    ],
    [
      'no issuer',
      { CONSOLE_OIDC_ISSUER: '' },
      'CONSOLE_OIDC_ISSUER is not set: expected because CONSOLE_OIDC_CLIENT_ID is set',
    ],
    [
      'an issuer over plain HTTP from elsewhere',
      { CONSOLE_OIDC_ISSUER: 'http://login.test' },
      'CONSOLE_OIDC_ISSUER=http://login.test: expected an http or https URL without credentials, query or fragment; http only on this machine',
    ],
    [
      'a scope that is not of OpenID Connect',
      { CONSOLE_OIDC_SCOPE: 'profile' },
      'CONSOLE_OIDC_SCOPE=profile: expected scopes with spaces between them, openid among them',
    ],
  ])('is refused with %s', (_what, settings, fault) => {
    expect(issuesOf({ ...tokens, ...console, ...settings })).toContain(fault);
  });
});
