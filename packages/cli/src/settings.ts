import { readFile } from 'node:fs/promises';
import { CommandError, exitCodes } from './command-error.js';
import { readProfiles, toProfilesPath } from './profiles.js';

/** Options that every command has. */
export interface SettingOptions {
  readonly url?: string;
  readonly tokenFile?: string;
  readonly profile?: string;
}

/** The credentials. */
export type Credentials =
  | { readonly kind: 'none' }
  | { readonly kind: 'text'; readonly token: string; readonly from: string }
  /** Read whenever it is needed, so that it may change. */
  | { readonly kind: 'file'; readonly path: string; readonly from: string };

/** Which gateway to use, and where that was set. */
export interface Settings {
  readonly url: URL;
  readonly urlFrom: string;
  readonly credentials: Credentials;
}

/** The address of `npm start`. */
export const DEFAULT_URL = 'http://127.0.0.1:4000';

/**
 * Combine flags, environment and profile, in this order.
 *
 * The token of a profile is sent only to that profile's gateway.
 *
 * @throws {CommandError} one of them is not valid
 */
export async function readSettings(
  options: SettingOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const path = toProfilesPath(env);
  const wanted = options.profile ?? (env.SLUICE_PROFILE || undefined);
  const name = wanted ?? 'default';
  const profiles = await readProfiles(path);
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (wanted !== undefined && !profile) {
    throw new CommandError(exitCodes.usage, `There is no profile ${name} in ${path}.`, {
      advice: `sluice login --profile ${name}`,
    });
  }
  const inProfile = `the profile ${name}`;
  const [text, urlFrom] = options.url
    ? [options.url, '--url']
    : env.SLUICE_URL
      ? [env.SLUICE_URL, 'SLUICE_URL']
      : profile
        ? [profile.url, inProfile]
        : [DEFAULT_URL, 'the default'];
  const url = parseUrl(text, urlFrom);
  const isOfProfile = profile !== undefined && parseUrl(profile.url, inProfile).href === url.href;
  const credentials = ((): Credentials => {
    if (options.tokenFile) return { kind: 'file', path: options.tokenFile, from: '--token-file' };
    if (env.SLUICE_TOKEN) return { kind: 'text', token: env.SLUICE_TOKEN, from: 'SLUICE_TOKEN' };
    if (env.SLUICE_TOKEN_FILE) {
      return { kind: 'file', path: env.SLUICE_TOKEN_FILE, from: 'SLUICE_TOKEN_FILE' };
    }
    if (isOfProfile && profile.tokenFile) {
      return { kind: 'file', path: profile.tokenFile, from: inProfile };
    }
    if (isOfProfile && profile.token) {
      return { kind: 'text', token: profile.token, from: inProfile };
    }
    return { kind: 'none' };
  })();
  return { url, urlFrom, credentials };
}

/**
 * Parse the address of a gateway; it may end in `/graphql`.
 *
 * @throws {CommandError} it is not valid
 */
export function parseUrl(text: string, from: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new CommandError(
      exitCodes.usage,
      `${from} must be the URL of a gateway without credentials, such as ${DEFAULT_URL}.`,
    );
  }
  url.pathname = url.pathname.replace(/(\/graphql)?\/*$/, '/');
  url.search = '';
  url.hash = '';
  return url;
}

/**
 * @returns the token; null if there is none
 * @throws {CommandError} its file can't be read, or contains none
 */
export async function readToken(credentials: Credentials): Promise<string | null> {
  switch (credentials.kind) {
    case 'none':
      return null;
    case 'text':
      return checkToken(credentials.token, credentials.from);
    case 'file': {
      const { path, from } = credentials;
      const text = await readFile(path, 'utf8').catch((error: Error) => {
        throw new CommandError(exitCodes.usage, `${from}: ${error.message}`);
      });
      return checkToken(text, `${from}: ${path}`);
    }
  }
}

/**
 * @returns the token without surrounding white space
 * @throws {CommandError} it can't be a token
 */
export function checkToken(text: string, from: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CommandError(exitCodes.usage, `${from} must be one token, and nothing else.`);
}
