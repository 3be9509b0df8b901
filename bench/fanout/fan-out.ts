import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Done, Order } from './clients.js';
import type { Answer, Question } from './contestant.js';

/**
 * The cost of delivering one small event to many subscribers: by a bare `ws` broadcast (the upper bound), by
 * graphql-ws with graphql-js (the peer) and by Sluice, with the same event, in one run. The rounds of the three
 * alternate, so that other load on the machine affects all. Prints medians and ratios.
 *
 * Memory is measured in new processes: what each subscriber adds between few and many of them, once all have got an
 * event and the garbage is gone. What a process takes anyway doesn't count.
 *
 *     npm run bench:fanout -- [subscribers] [rounds] [events in a round]
 */
const [subscribers = 4_000, rounds = 5, events = 20] = process.argv.slice(2).map(Number);
const WARM_UP_ROUNDS = 2;
const WARM_UP_SUBSCRIBERS = 50;
const FEW_SUBSCRIBERS = 1_000;
const MANY_SUBSCRIBERS = 10_000;
const MIN_ROUNDS = 3;
/** No round begins after this time, and the run is given up after the other. */
const ENOUGH_MS = 60_000;
const TIME_LIMIT_MS = 180_000;
const NAMES = ['raw', 'peer', 'sluice'] as const;
type Name = (typeof NAMES)[number];

const TITLES: Record<Name, string> = {
  raw: 'raw ws broadcast',
  peer: 'graphql-ws + graphql-js',
  sluice: 'Sluice',
};

const timeLimit = setTimeout(() => {
  console.error(`Not done within ${TIME_LIMIT_MS / 1_000} s.`);
  process.exit(1);
}, TIME_LIMIT_MS);

/** A process of the bench, which handles one order at a time. */
class Party {
  readonly #child: ChildProcess;

  constructor(name: string) {
    const path = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
    this.#child = fork(path, {
      execArgv: ['--expose-gc', '--max-semi-space-size=16'],
      serialization: 'advanced',
    });
    this.#child.once('exit', (code) => {
      if (code) throw new Error(`${name} ended with ${code}.`);
    });
  }

  send(message: Question | Order): void {
    this.#child.send(message);
  }

  async answer<T>(): Promise<T> {
    const [message] = await once(this.#child, 'message');
    return message as T;
  }

  ask<T>(message: Question | Order): Promise<T> {
    const answer = this.answer<T>();
    this.send(message);
    return answer;
  }

  end(): void {
    this.#child.disconnect();
  }
}

/** The cost of one round. */
interface Round {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly bytes: number;
}

/** What one subscriber adds to a process. */
interface Memory {
  readonly rssKb: number;
  readonly heapKb: number;
}

const KB = 1024;

/** A contestant and its subscribers. */
class Contest {
  readonly #server: Party;
  readonly #clients = new Party('clients');
  #port = 0;
  #subscribers = 0;

  constructor(private readonly name: Name) {
    this.#server = new Party(name);
  }

  async listening(): Promise<void> {
    this.#port = await this.#server.answer<number>();
  }

  usage(): Promise<Answer> {
    return this.#server.ask<Answer>({ kind: 'usage' });
  }

  async subscribe(count: number): Promise<void> {
    const speaksGraphQL = this.name !== 'raw';
    await this.#clients.ask<Done>({ kind: 'connect', port: this.#port, count, speaksGraphQL });
    this.#subscribers += count;
    for (;;) {
      const { subscribers } = await this.#server.ask<Answer>({ kind: 'subscribers' });
      if (subscribers === this.#subscribers) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async round(count = events): Promise<Round> {
    const messages = this.#subscribers * count;
    await this.#clients.ask<string>({ kind: 'expect', port: this.#port, messages });
    const finished = this.#clients.answer<Done>();
    const before = await this.#server.ask<Answer>({ kind: 'publish', count });
    const { doneAtNs, bytes } = await finished;
    const after = await this.#server.ask<Answer>({ kind: 'subscribers' });
    const seconds = Number(doneAtNs - before.askedAtNs) / 1e9;
    return {
      perSecond: messages / seconds,
      cpuUs: (after.cpuUs - before.cpuUs) / messages,
      bytes: bytes / messages,
    };
  }

  end(): void {
    this.#server.end();
    this.#clients.end();
  }
}

/** Connect this many subscribers, to code that is already warm. */
async function fill(contest: Contest, count: number): Promise<void> {
  await contest.subscribe(WARM_UP_SUBSCRIBERS);
  for (let i = 0; i < WARM_UP_ROUNDS; i += 1) await contest.round();
  await contest.subscribe(count - WARM_UP_SUBSCRIBERS);
}

async function measureMemory(name: Name): Promise<Memory> {
  const contest = new Contest(name);
  await contest.listening();
  await fill(contest, FEW_SUBSCRIBERS);
  await contest.round(1);
  const few = await contest.usage();
  await contest.subscribe(MANY_SUBSCRIBERS - FEW_SUBSCRIBERS);
  await contest.round(1);
  const many = await contest.usage();
  contest.end();
  const added = (MANY_SUBSCRIBERS - FEW_SUBSCRIBERS) * KB;
  return {
    rssKb: (many.rssBytes - few.rssBytes) / added,
    heapKb: (many.heapBytes - few.heapBytes) / added,
  };
}

const contests = new Map(NAMES.map((name) => [name, new Contest(name)]));
const roundsOf = new Map(NAMES.map((name): [Name, Round[]] => [name, []]));
const memoryOf = new Map<Name, Memory>();
await Promise.all([...contests.values()].map((contest) => contest.listening()));
for (const contest of contests.values()) await fill(contest, subscribers);
for (let i = 0; i < rounds && (i < MIN_ROUNDS || performance.now() < ENOUGH_MS); i += 1) {
  for (const [name, contest] of contests) roundsOf.get(name)?.push(await contest.round());
}
for (const contest of contests.values()) contest.end();
for (const name of NAMES) memoryOf.set(name, await measureMemory(name));
clearTimeout(timeLimit);

print();

function print(): void {
  const rows = NAMES.map((name) => {
    const memory = memoryOf.get(name);
    const medianOf = (read: (round: Round) => number) =>
      median((roundsOf.get(name) ?? []).map(read));
    return {
      name,
      perSecond: medianOf(({ perSecond }) => perSecond),
      cpuUs: medianOf(({ cpuUs }) => cpuUs),
      bytes: medianOf(({ bytes }) => bytes),
      rssKb: memory?.rssKb ?? Number.NaN,
      heapKb: memory?.heapKb ?? Number.NaN,
    };
  });
  const of = (name: Name) => rows.find((row) => row.name === name)?.perSecond ?? Number.NaN;
  console.log(
    `${subscribers} subscribers, medians of ${rounds} rounds of ${events} events; memory is what a subscriber adds between ${FEW_SUBSCRIBERS} and ${MANY_SUBSCRIBERS}\n`,
  );
  console.log(
    line('', 'deliveries/s', 'of raw', 'of peer', 'CPU µs each', 'bytes each', 'RSS KB', 'heap KB'),
  );
  for (const row of rows) {
    console.log(
      line(
        TITLES[row.name],
        row.perSecond.toFixed(0),
        (row.perSecond / of('raw')).toFixed(2),
        (row.perSecond / of('peer')).toFixed(2),
        row.cpuUs.toFixed(1),
        row.bytes.toFixed(0),
        row.rssKb.toFixed(1),
        row.heapKb.toFixed(1),
      ),
    );
  }
}

function line(title: string, ...cells: readonly string[]): string {
  return title.padEnd(26) + cells.map((cell) => cell.padStart(14)).join('');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
