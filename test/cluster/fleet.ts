import { setTimeout as delay } from 'node:timers/promises';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';

export interface FleetOptions {
  readonly size: number;
  readonly upstreamUrl: string;
  /** A directory to be in; nothing is written to it. */
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Replicas, each a process of its own: the program that ships. */
export interface Fleet {
  readonly size: number;
  /** The replicas that listen, and are not frozen. */
  readonly urls: readonly string[];
  /** End one without a word, and have another one in its place. */
  kill(index: number): Promise<void>;
  /** Tell one to stop, and have another one in its place once it has. */
  replace(index: number): Promise<void>;
  /** Let one stand still, and go on. */
  freeze(index: number, ms: number): Promise<void>;
  /** Tell all to stop. @returns what they complained of, and how they ended, where not as they should */
  stop(): Promise<readonly string[]>;
  /** End all at once, whatever they are doing. */
  abandon(): void;
}

interface Member {
  process: GatewayProcess;
  /** Null while nobody should go there. */
  url: string | null;
}

/** More than there are cuts in a row. */
const MAX_FAILED_STARTS = 10;

/** Start them all at once: migrations must bear that. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const misfits: string[] = [];
  const { size, upstreamUrl, dataDir, env } = options;
  const launch = () => startGatewayProcess({ upstreamUrl, dataDir, env });
  const members: Member[] = Array.from({ length: size }, () => ({ process: launch(), url: null }));

  async function open(member: Member): Promise<void> {
    member.url = await member.process.url;
  }

  async function end(member: Member, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child, ended, complaints } = member.process;
    if (signal === 'SIGKILL') member.url = null;
    child.kill(signal);
    const end = await ended;
    member.url = null;
    const expected = signal === 'SIGKILL' ? 'SIGKILL' : 0;
    if (end !== expected) misfits.push(`a replica ended with ${end}: ${complaints.join('\n')}`);
  }

  async function replace(index: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const member = members[index] as Member;
    await end(member, signal);
    // A start that is cut off from the database fails, and whoever runs replicas has it repeated.
    for (let failures = 0; member.url === null; failures += 1) {
      member.process = launch();
      await open(member).catch((error: unknown) => {
        if (failures === MAX_FAILED_STARTS) throw error;
      });
    }
  }

  await Promise.all(members.map(open));
  return {
    size,
    get urls() {
      return members.flatMap(({ url }) => url ?? []);
    },
    kill: (index) => replace(index, 'SIGKILL'),
    replace: (index) => replace(index, 'SIGTERM'),
    async freeze(index, ms) {
      const member = members[index] as Member;
      const { url } = member;
      member.url = null;
      member.process.child.kill('SIGSTOP');
      await delay(ms);
      member.process.child.kill('SIGCONT');
      member.url = url;
    },
    async stop() {
      await Promise.all(members.map((member) => end(member, 'SIGTERM')));
      return misfits;
    },
    abandon() {
      for (const { process } of members) process.child.kill('SIGKILL');
    },
  };
}
