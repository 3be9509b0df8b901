import { rights, toMappingScope } from '../../../../src/ingestion/caller.js';
import { newApiKey } from '../../../../src/server/sign-in/api-keys.js';
import { type SharedGateway, shareGateway } from '../../../../test/support/shared-gateway.js';
import { type Command, type Running, useCommand } from './command.js';

/** Of callers who may do everything, read, and start. */
export const keys = { all: newApiKey(), reader: newApiKey(), starter: newApiKey() };

const entry = { rights, mappings: toMappingScope(['*']), expiresAt: null };

/** Has these callers. */
export const signIn = {
  accessTokens: null,
  apiKeys: [
    { ...entry, name: 'all', sha256: keys.all.sha256 },
    { ...entry, name: 'reader', rights: ['ingestion:read' as const], sha256: keys.reader.sha256 },
    {
      ...entry,
      name: 'starter',
      rights: ['ingestion:start' as const],
      sha256: keys.starter.sha256,
    },
  ],
};

/** The command, and a gateway that callers sign in to. */
export interface SignedInCommand extends SharedGateway {
  readonly command: Command;
  /** The environment of a caller. */
  as(key: keyof typeof keys): { readonly SLUICE_URL: string; readonly SLUICE_TOKEN: string };
  /** Run it as the caller who may do everything. */
  run(...args: string[]): Running;
}

/** One gateway for all tests of the file that calls this; of its mappings, `bad` fails. */
export function useSignedInCommand(): SignedInCommand {
  const command = useCommand();
  const { upstream, gateway } = shareGateway(
    async (upstream) => {
      await upstream.willEnd('bad', 'failedEmpty');
      return { signIn, retryBackoffMs: 10 };
    },
    ['good', 'bad', 'cut', 'late', 'a b', '--weird'],
  );
  const as = (key: keyof typeof keys) => ({
    SLUICE_URL: gateway.url,
    SLUICE_TOKEN: keys[key].key,
  });
  return {
    command,
    upstream,
    gateway,
    as,
    run: (...args) => command.run(args, { env: as('all') }),
  };
}

/** Have what it waits for end, once it says that it has begun. */
export async function endOnce(running: Running, end: () => Promise<void>) {
  await running.wrote('stdout', /IN_PROGRESS/);
  await end();
  return running.ended;
}
