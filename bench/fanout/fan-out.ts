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
 *     npm run bench:fanout -- [subscribers] [rounds] [events in a round]
 */
const [subscribers = 4_000, rounds = 5, events = 20] = process.argv.slice(2).map(Number);
const WARM_UP_ROUNDS = 2;
const WARM_UP_SUBSCRIBERS = 50;
const MIN_ROUNDS = 3;
/** No round begins after this time, and the run is given up after the other. */
const ENOUGH_MS = 60_000;
const TIME_LIMIT_MS = 90_000;
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

/** A contestant's result. */
interface Result {
  readonly rssKb: number;
  readonly heapKb: number;
  readonly rounds: Round[];
}

const KB = 1024;

const clients = new Party('clients');

/** A contestant and its subscribers. */
class Contest {
  readonly #server: Party;
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
    await clients.ask<Done>({ kind: 'connect', port: this.#port, count, speaksGraphQL });
    this.#subscribers += count;
    for (;;) {
      const { subscribers } = await this.#server.ask<Answer>({ kind: 'subscribers' });
      if (subscribers === this.#subscribers) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async round(): Promise<Round> {
    const messages = this.#subscribers * events;
    await clients.ask<string>({ kind: 'expect', port: this.#port, messages });
    const finished = clients.answer<Done>();
    const before = await this.#server.ask<Answer>({ kind: 'publish', count: events });
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
  }
}

/** Connect all subscribers. The memory of a subscriber is the growth of the process, whose code is already warm. */
async function fill(contest: Contest): Promise<Result> {
  await contest.subscribe(WARM_UP_SUBSCRIBERS);
  for (let i = 0; i < WARM_UP_ROUNDS; i += 1) await contest.round();
  const before = await contest.usage();
  await contest.subscribe(subscribers - WARM_UP_SUBSCRIBERS);
  const after = await contest.usage();
  const added = (subscribers - WARM_UP_SUBSCRIBERS) * KB;
  return {
    rssKb: (after.rssBytes - before.rssBytes) / added,
    heapKb: (after.heapBytes - before.heapBytes) / added,
    rounds: [],
  };
}

const contests = new Map(NAMES.map((name) => [name, new Contest(name)]));
const results = new Map<Name, Result>();
await Promise.all([...contests.values()].map((contest) => contest.listening()));
for (const [name, contest] of contests) {
  results.set(name, await fill(contest));
}
for (let i = 0; i < rounds && (i < MIN_ROUNDS || performance.now() < ENOUGH_MS); i += 1) {
  for (const [name, contest] of contests) results.get(name)?.rounds.push(await contest.round());
}
for (const contest of contests.values()) contest.end();
clients.end();
clearTimeout(timeLimit);

print();

function print(): void {
  const rows = NAMES.map((name) => {
    const result = results.get(name);
    const medianOf = (read: (round: Round) => number) => median((result?.rounds ?? []).map(read));
    return {
      name,
      perSecond: medianOf(({ perSecond }) => perSecond),
      cpuUs: medianOf(({ cpuUs }) => cpuUs),
      bytes: medianOf(({ bytes }) => bytes),
      rssKb: result?.rssKb ?? Number.NaN,
      heapKb: result?.heapKb ?? Number.NaN,
    };
  });
  const of = (name: Name) => rows.find((row) => row.name === name)?.perSecond ?? Number.NaN;
  console.log(
    `${subscribers} subscribers, medians of ${rounds} rounds of ${events} events; memory is per idle subscriber\n`,
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
