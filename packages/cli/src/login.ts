import { resolve } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { isCancel, password, text } from '@clack/prompts';
import { CommandError, exitCodes } from './command-error.js';
import type { CommonOptions, Surroundings } from './context.js';
import { openGateway, toCommandError } from './gateway.js';
import { ViewerDocument } from './generated/operations.js';
import { createOutput } from './output.js';
import { type Profile, saveProfile, toProfilesPath } from './profiles.js';
import { type Credentials, checkToken, DEFAULT_URL, parseUrl } from './settings.js';

/**
 * Store a gateway and a token in a profile, once the gateway has accepted the token. On a terminal, it prompts for
 * what no flag or variable says; otherwise it reads the token from standard input.
 *
 * @throws {CommandError} the gateway can't be reached or refuses the token; then nothing is stored
 */
export async function login(options: CommonOptions, surroundings: Surroundings): Promise<void> {
  const { env, interrupted } = surroundings;
  const output = createOutput(options.output, false, surroundings);
  const name = options.profile || env.SLUICE_PROFILE || 'default';
  const [given, urlFrom] = options.url
    ? [options.url, '--url']
    : env.SLUICE_URL
      ? [env.SLUICE_URL, 'SLUICE_URL']
      : [await askUrl(), 'the answer'];
  const url = parseUrl(given, urlFrom);
  const credentials = await askCredentials(options);
  const gateway = openGateway({ url, urlFrom, credentials }, interrupted);
  try {
    const { viewer } = await gateway.request(ViewerDocument, {});
    output.note(`You are ${viewer.name ?? 'anonymous'}.`);
  } catch (failure) {
    throw interrupted.aborted ? interrupted.reason : toCommandError(url, failure);
  } finally {
    await gateway.close();
  }
  const path = toProfilesPath(env);
  await saveProfile(path, name, { url: url.href, ...toKept(credentials) });
  output.data({ profile: name, url: url.href, path }, () => `${name}: ${url.href}`);
  output.note(`Saved in ${path}.`);
  output.end();
}

function toKept(credentials: Credentials): Omit<Profile, 'url'> {
  switch (credentials.kind) {
    case 'none':
      return {};
    case 'text':
      return { token: credentials.token };
    case 'file':
      return { tokenFile: credentials.path };
  }
}

async function askUrl(): Promise<string> {
  if (!process.stdin.isTTY) {
    throw new CommandError(
      exitCodes.usage,
      'Name the gateway with --url or SLUICE_URL: without a terminal, nobody can be asked.',
    );
  }
  const answer = await text({
    message: 'URL of the gateway',
    defaultValue: DEFAULT_URL,
    placeholder: DEFAULT_URL,
    output: process.stderr,
  });
  return takeAnswer(answer);
}

async function askCredentials({ tokenFile }: CommonOptions): Promise<Credentials> {
  if (tokenFile !== undefined) {
    return { kind: 'file', path: resolve(tokenFile), from: '--token-file' };
  }
  const token = process.stdin.isTTY
    ? takeAnswer(
        await password({
          message: 'API key or access token (empty if the gateway needs none)',
          output: process.stderr,
        }),
      )
    : await readText(process.stdin);
  if (token.trim() === '') return { kind: 'none' };
  return { kind: 'text', token: checkToken(token, 'The token'), from: 'login' };
}

function takeAnswer(answer: string | symbol | undefined): string {
  if (isCancel(answer)) throw new CommandError(exitCodes.interrupted, 'Nothing was saved.');
  return String(answer ?? '');
}
