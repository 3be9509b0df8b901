import { GatewayError } from '@sluice/client';
import { CommandError, exitCodes } from './command-error.js';
import type { Context } from './context.js';
import { toCommandError } from './gateway.js';
import { ActivityDocument, FieldsDocument, ViewerDocument } from './generated/operations.js';
import type { Paint } from './output.js';
import { toPlain } from './output.js';
import { readToken } from './settings.js';

/** The result of one check. */
interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warning' | 'wrong' | 'unknown';
  readonly message: string;
  readonly advice?: string | undefined;
}

const PAINTS: Readonly<Record<Check['state'], Paint>> = {
  ok: 'green',
  warning: 'yellow',
  wrong: 'red',
  unknown: 'gray',
};

/** How much clocks may differ, in ms: `Date` has whole seconds, and answers take a while. */
const MAX_SKEW_MS = 5_000;

/** How long a WebSocket may take to open, in ms. */
const SOCKET_WAIT_MS = 10_000;

const NEEDED = {
  query: [
    'viewer',
    'ingestionStatus',
    'ingestionRequests',
    'mapping',
    'mappings',
    'jobs',
    'latestCursor',
  ],
  mutation: [
    'startIngestion',
    'publishMapping',
    'unpublishMapping',
    'startMapping',
    'stopMapping',
    'cancelJob',
    'endWatch',
  ],
} as const;

/**
 * Check everything that a command needs, and say what is wrong and what to do.
 *
 * @throws {CommandError} something is wrong
 */
export async function doctor(context: Context, version: string): Promise<void> {
  const { output, signal } = context;
  const wrong: string[] = [];

  function tell(check: Check): void {
    if (check.state === 'wrong') wrong.push(check.name);
    output.data(check, () => {
      const state = output.paint(PAINTS[check.state], check.state.padEnd(8));
      const advice = check.advice ? `\n${' '.repeat(18)}What to do: ${check.advice}` : '';
      return `${state}${check.name.padEnd(10)}${toPlain(check.message)}${advice}`;
    });
  }

  const node = process.versions.node;
  tell({ name: 'command', state: 'ok', message: `sluice ${version} on Node.js ${node}` });
  tell(await checkSettings(context));
  const reached = await reach(context);
  for (const check of reached) tell(check);
  if (reached.every(({ state }) => state !== 'wrong')) {
    tell(await checkUpstream(context));
    const signIn = await checkSignIn(context);
    tell(signIn);
    if (signIn.state === 'ok') {
      tell(await checkApi(context));
      tell(await checkSocket(context));
    }
  }
  signal.throwIfAborted();
  if (wrong.length === 0) return;
  const exitCode = wrong.includes('sign-in') ? exitCodes.signIn : exitCodes.failed;
  throw new CommandError(exitCode, `Something is wrong: ${wrong.join(', ')}.`);
}

async function checkSettings({ gateway, settings }: Context): Promise<Check> {
  const { url, urlFrom, credentials } = settings;
  const name = 'settings';
  try {
    await readToken(credentials);
  } catch (error) {
    return {
      name,
      ...toWrong(gateway.url, error),
      advice: 'sluice login, or name another --token-file',
    };
  }
  const withToken =
    credentials.kind === 'none' ? 'without a token' : `with the token from ${credentials.from}`;
  const message = `${url.href} (from ${urlFrom}), ${withToken}`;
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return credentials.kind !== 'none' && url.protocol === 'http:' && !isLocal
    ? {
        name,
        state: 'warning',
        message,
        advice: 'use https: otherwise anyone in between can read the token',
      }
    : { name, state: 'ok', message };
}

async function reach({ gateway }: Context): Promise<Check[]> {
  const name = 'gateway';
  const askedAt = Date.now();
  try {
    const response = await gateway.get('healthz');
    const answeredAt = Date.now();
    const health = (await response.json().catch(() => null)) as { status?: unknown } | null;
    if (health?.status !== 'ok') {
      const message = `${gateway.url.href}healthz answers HTTP ${response.status}, unlike a gateway.`;
      return [
        { name, state: 'wrong', message, advice: 'check the URL, and what is in front of it' },
      ];
    }
    const took = `answers, in ${answeredAt - askedAt} ms`;
    return [{ name, state: 'ok', message: took }, checkClock(response, askedAt, answeredAt)];
  } catch (error) {
    const advice = 'check the URL, and that the gateway is running and can be reached from here';
    return [{ name, ...toWrong(gateway.url, error), advice }];
  }
}

function checkClock(response: Response, askedAt: number, answeredAt: number): Check {
  const name = 'clock';
  const there = Date.parse(response.headers.get('date') ?? '');
  if (Number.isNaN(there)) return { name, state: 'unknown', message: 'the answer has no date' };
  const skewMs = there + 500 - (askedAt + answeredAt) / 2;
  if (Math.abs(skewMs) <= MAX_SKEW_MS) {
    return { name, state: 'ok', message: 'within 5 s of the gateway’s' };
  }
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return {
    name,
    state: 'warning',
    message: `the gateway’s is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} this one`,
    advice: 'set both by NTP: tokens are valid by the gateway’s clock',
  };
}

interface Readiness {
  readonly message?: string;
  readonly upstream?: {
    readonly status: string;
    readonly message?: string;
    readonly code?: string;
  };
}

async function checkUpstream({ gateway }: Context): Promise<Check> {
  const name = 'upstream';
  try {
    const response = await gateway.get('readyz?deep');
    const { message, upstream } = (await response.json()) as Readiness;
    if (upstream?.status === 'ok') return { name, state: 'ok', message: 'answers the gateway' };
    const said = upstream?.message ?? message;
    if (said === undefined) throw new Error(`/readyz answers HTTP ${response.status}`);
    const code = upstream?.code ? `${upstream.code}: ` : '';
    const advice = upstream
      ? 'ask the operator of the gateway: docs/errors.md says what to do for each code'
      : 'ask the operator of the gateway to look at its log';
    return { name, state: 'wrong', message: `${code}${said}`, advice };
  } catch (error) {
    // A balancer may keep this page to itself.
    return { name, state: 'unknown', message: (error as Error).message };
  }
}

async function checkSignIn({ gateway, settings }: Context): Promise<Check> {
  const name = 'sign-in';
  try {
    const { viewer } = await gateway.request(ViewerDocument, {});
    const isAnonymous = settings.credentials.kind === 'none';
    const who = isAnonymous ? 'the gateway requires none' : `you are ${viewer.name}`;
    const message = `${who}; your rights: ${viewer.rights.join(', ') || 'none'}`;
    return { name, state: 'ok', message };
  } catch (error) {
    return { name, ...toWrong(gateway.url, error) };
  }
}

async function checkApi({ gateway }: Context): Promise<Check> {
  const name = 'version';
  try {
    const found = await gateway.request(FieldsDocument, {});
    const missing = (['query', 'mutation'] as const).flatMap((kind) => {
      const names = new Set(found[kind]?.fields?.map((field) => field.name));
      return NEEDED[kind].filter((field) => !names.has(field));
    });
    return missing.length === 0
      ? { name, state: 'ok', message: 'the gateway has everything that this command needs' }
      : {
          name,
          state: 'warning',
          message: `the gateway lacks ${missing.join(', ')}`,
          advice: 'update the gateway, or use the version of this command that matches it',
        };
  } catch (error) {
    const isClosed = error instanceof GatewayError && error.code === 'GRAPHQL_VALIDATION_FAILED';
    const message = isClosed ? 'the gateway allows no introspection' : (error as Error).message;
    return { name, state: 'unknown', message };
  }
}

async function checkSocket({ gateway }: Context): Promise<Check> {
  const name = 'websocket';
  const events = gateway.subscribe(ActivityDocument, {});
  let stop = () => {};
  let timer: NodeJS.Timeout | undefined;
  const connected = new Promise<boolean>((resolve) => {
    stop = gateway.connection.listen(() => {
      const { state } = gateway.connection.get();
      if (state === 'connected' || state === 'upToDate') resolve(true);
    });
    timer = setTimeout(() => resolve(false), SOCKET_WAIT_MS);
  });
  try {
    if (await Promise.race([events.next().then(() => true), connected])) {
      return { name, state: 'ok', message: 'gets through' };
    }
    return {
      name,
      state: 'wrong',
      message: `did not open within ${SOCKET_WAIT_MS / 1_000} s`,
      advice:
        'configure the proxies in between to allow WebSockets to /graphql; --wait and watch need one',
    };
  } catch (error) {
    return { name, ...toWrong(gateway.url, error) };
  } finally {
    clearTimeout(timer);
    stop();
    void events.return?.();
  }
}

function toWrong(url: URL, error: unknown): Pick<Check, 'state' | 'message' | 'advice'> {
  const { message, details } = toCommandError(url, error);
  return { state: 'wrong', message, advice: details.advice };
}
