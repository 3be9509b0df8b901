import { chmod, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CommandError, exitCodes } from './command-error.js';

/** A gateway, and the credentials for it. */
export interface Profile {
  readonly url: string;
  readonly token?: string;
  /** Instead of `token`: read whenever it is needed. */
  readonly tokenFile?: string;
}

/** By name. */
export type Profiles = Readonly<Record<string, Profile>>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Where profiles are stored. */
export function toProfilesPath(env: Environment): string {
  if (env.SLUICE_CONFIG) return env.SLUICE_CONFIG;
  return join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'sluice', 'profiles.json');
}

/**
 * Read the profiles; none if there is no file.
 *
 * @throws {CommandError} the file can't be read, or others may read it
 */
export async function readProfiles(path: string): Promise<Profiles> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && mode & 0o077 && /"token"/.test(text)) {
      throw new CommandError(exitCodes.usage, `${path} has a token, and others may read it.`, {
        advice: `chmod 600 ${path}`,
      });
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    if (error instanceof CommandError) throw error;
    throw new CommandError(exitCodes.usage, `${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    // Some editors begin a file with a byte order mark.
    return toProfiles(JSON.parse(text.replace(/^\uFEFF/, '')));
  } catch {
    throw new CommandError(
      exitCodes.usage,
      `${path} must be a JSON object of profiles, such as {"default": {"url": "http://127.0.0.1:4000"}}.`,
    );
  }
}

function toProfiles(json: unknown): Profiles {
  if (Array.isArray(json)) throw new Error();
  const profiles = json as Profiles;
  const isText = (value: unknown) => value === undefined || typeof value === 'string';
  for (const { url, token, tokenFile } of Object.values(profiles)) {
    if (typeof url !== 'string' || !isText(token) || !isText(tokenFile)) throw new Error();
  }
  return profiles;
}

/** Store a profile, readable by nobody else. */
export async function saveProfile(path: string, name: string, profile: Profile): Promise<void> {
  const profiles = { ...(await readProfiles(path)), [name]: profile };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, path);
}
