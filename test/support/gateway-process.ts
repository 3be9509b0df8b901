import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { compileCacheEnv } from './compile-cache.js';

/** As `npm start` sets it. */
const HEAP = '--max-semi-space-size=16';

/** Ends it with whoever started it, in whatever way that ends. Its threads run this, too, and have no channel. */
const ENDS_WITH_PARENT =
  '--import=data:text/javascript,process.once("disconnect",()=>process.kill(process.pid,"SIGKILL"));process.channel?.unref()';

const MAIN = fileURLToPath(new URL('../../bin/main.js', import.meta.url));

/** A gateway in its own process: the program that ships. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  /** Its URL; rejects if the process ends before it listens. */
  readonly url: Promise<string>;
  /** How it ended: an exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** The log lines above warnings so far, and its standard error. */
  readonly complaints: readonly string[];
}

export interface GatewayProcessOptions {
  readonly upstreamUrl: string;
  readonly dataDir: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Limits of the process as a shell command, such as `ulimit -f 100`. */
  readonly limits?: string;
}

/** A log line as pino writes it. */
const ERROR_LEVEL = 50;

/** Start one on a free port of the loopback interface. */
export function startGatewayProcess(options: GatewayProcessOptions): GatewayProcess {
  const { upstreamUrl, dataDir, env, limits } = options;
  const flags = [HEAP, ENDS_WITH_PARENT, MAIN];
  const [command, args] = limits
    ? ['bash', ['-c', `${limits}; exec "$0" "$@"`, process.execPath, ...flags]]
    : [process.execPath, flags];
  const child = spawn(command as string, args as string[], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A directory without an .env file.
    cwd: dataDir,
    env: {
      PATH: process.env.PATH,
      ...compileCacheEnv,
      PORT: '0',
      CAMPAIGN_URL: upstreamUrl,
      CAMPAIGN_ORGANIZATION: 'acme',
      CAMPAIGN_API_KEY: 'planted-api-key',
      CAMPAIGN_ACCESS_TOKEN: 'planted-access-token',
      CAMPAIGN_MAX_RPS: '10000',
      CAMPAIGN_TIMEOUT_MS: '2000',
      POLL_MIN_MS: '20',
      POLL_MAX_MS: '100',
      DATA_DIR: dataDir,
      // No load balancer needs a delay here.
      DRAIN_DELAY_MS: '0',
      ...env,
    },
  });
  const complaints: string[] = [];
  const url = Promise.withResolvers<string>();
  const ended = Promise.withResolvers<number | NodeJS.Signals>();
  // Nobody may be interested in a process that is killed early.
  url.promise.catch(() => {});
  createInterface({ input: child.stdout as Readable }).on('line', (line) => {
    const { level, msg } = parseLine(line);
    if (level >= ERROR_LEVEL) complaints.push(line);
    const ready = /Sluice is ready.*GraphQL.*: (http:\S+)\/graphql$/.exec(msg);
    if (ready?.[1]) url.resolve(ready[1]);
  });
  createInterface({ input: child.stderr as Readable }).on('line', (line) => complaints.push(line));
  void once(child, 'close').then(([code, signal]) => {
    url.reject(new Error(`The gateway ended: ${complaints.join('\n')}`));
    ended.resolve((code as number | null) ?? (signal as NodeJS.Signals));
  });
  return { child, url: url.promise, ended: ended.promise, complaints };
}

function parseLine(line: string): { level: number; msg: string } {
  try {
    return JSON.parse(line) as { level: number; msg: string };
  } catch {
    // Cut off by a kill.
    return { level: 0, msg: '' };
  }
}
