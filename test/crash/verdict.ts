import { toRequestKey } from '../../src/ingestion/ingestion-request.js';
import type { IngestionLog } from '../../src/ingestion/ports.js';
import type { Transition } from '../../src/ingestion/transition.js';
import type { Life } from './busy-upstream.js';
import type { Delivered, Following } from './follower.js';

/** What is left of a run, to be compared. */
export interface Evidence {
  readonly lives: ReadonlyMap<string, Life>;
  readonly followers: readonly Following[];
  /** Requests whose start a client was told of. */
  readonly startedIds: ReadonlySet<string>;
}

const endings = { Success: 'SUCCESS', Failed: 'FAILED', Aborted: 'ABORTED' } as const;

/**
 * Compare the log with what the upstream did, and with what every client got.
 *
 * - Positions are 1, 2, 3 and so on: nothing was pruned.
 * - A request’s path is `IN_PROGRESS` and its ending, or its ending alone; the ending is the upstream’s, with
 *   its text and number. A request that a client was told had been started, or was running, begins with
 *   `IN_PROGRESS`.
 * - Who followed a request to its end has its whole path, each transition once and in order.
 * - Who followed everything has the log from where it came in to its end, likewise.
 */
export async function findViolations(
  log: IngestionLog,
  evidence: Evidence,
): Promise<{ violations: readonly string[]; transitionCount: number }> {
  const all = await readAll(log);
  const paths = Map.groupBy(all, ({ ref }) => toRequestKey(ref));
  const violations = [
    ...all.flatMap(({ position }, index) =>
      position === index + 1 ? [] : [`position ${position} stands at place ${index + 1}`],
    ),
    ...[...paths.values()].flatMap((path) => faultsOfPath(path, evidence)),
    ...(await faultsOfRecords(log, paths)),
    ...evidence.followers.flatMap((follower) => faultsOfFollower(follower, log, all, paths)),
  ];
  return { violations, transitionCount: all.length };
}

async function readAll(log: IngestionLog): Promise<readonly Transition[]> {
  const all: Transition[] = [];
  for (;;) {
    const page = await log.read({ kind: 'all' }, all.at(-1)?.position ?? 0, 1_000);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

function faultsOfPath(path: readonly Transition[], { lives, startedIds }: Evidence): string[] {
  const name = `request ${path[0]?.ref.requestId}`;
  const life = lives.get(path[0]?.ref.requestId ?? '');
  if (!life) return [`${name} is in the log, and the upstream never had it`];
  const faults: string[] = [];
  const taken = ['none', ...path.map(({ to }) => to.status)].join(' → ');
  const said = path.map(({ from, to }) => `${from ?? 'none'} → ${to.status}`).join(', ');
  const ending = endings[life.ending];
  const whole = [`none → IN_PROGRESS, IN_PROGRESS → ${ending}`, `none → ${ending}`];
  if (!whole.includes(said)) faults.push(`${name} ended as ${ending}, and its path is ${said}`);
  if (startedIds.has(life.ref.requestId) && path[0]?.to.status !== 'IN_PROGRESS') {
    faults.push(`${name} was started here, and its path is ${taken}`);
  }
  const last = path.at(-1)?.to;
  if (last?.info !== life.info) faults.push(`${name} ended with another text: ${last?.info}`);
  if (last?.status === 'SUCCESS' && last.numRecords !== life.numRecords) {
    faults.push(`${name} ended with ${last.numRecords} records instead of ${life.numRecords}`);
  }
  return faults;
}

/** The requests as the log lists them must be as their last transitions left them. */
async function faultsOfRecords(
  log: IngestionLog,
  paths: ReadonlyMap<string, readonly Transition[]>,
): Promise<string[]> {
  const lasts = [...paths.values()].flatMap((path) => path.at(-1) ?? []);
  const records = await log.find(lasts.map(({ ref }) => ref));
  return lasts.flatMap(({ ref, to }, index) =>
    records[index]?.state.status === to.status
      ? []
      : [`request ${ref.requestId} is kept otherwise`],
  );
}

function faultsOfFollower(
  { followed, record, refusals }: Following,
  log: IngestionLog,
  all: readonly Transition[],
  paths: ReadonlyMap<string, readonly Transition[]>,
): string[] {
  const hasCursors = record.some(({ cursor }) => cursor !== null);
  const toDelivered = ({ position, ref, from, to }: Transition): Delivered => ({
    cursor: hasCursors ? log.toCursor(position) : null,
    from,
    to: to.status,
    info: to.info,
    numRecords: to.status === 'SUCCESS' ? to.numRecords : null,
    ...ref,
  });
  const faults = refusals.map((refusal) => `a client was refused: ${refusal}`);
  const name = followed.kind === 'all' ? 'everything' : `request ${followed.ref.requestId}`;
  const [first] = record;
  const from = all.findIndex(
    ({ ref, to }) => ref.requestId === first?.requestId && to.status === first.to,
  );
  const expected =
    followed.kind === 'all'
      ? all.slice(from === -1 ? all.length : from)
      : (paths.get(toRequestKey(followed.ref)) ?? []);
  const texts = [record.map(toText), expected.map((transition) => toText(toDelivered(transition)))];
  if (record.length === 0) faults.push(`a client that followed ${name} got nothing`);
  if (JSON.stringify(texts[0]) !== JSON.stringify(texts[1])) {
    const index = record.findIndex((_, i) => texts[0]?.[i] !== texts[1]?.[i]);
    faults.push(
      `a client that followed ${name} got ${record.length} transitions of ${expected.length}; at ${index}: ${texts[0]?.[index]} for ${texts[1]?.[index]}`,
    );
  }
  return faults;
}

function toText({ cursor, from, to, info, numRecords, mappingId, requestId }: Delivered): string {
  return JSON.stringify([cursor, from, to, info, numRecords, mappingId, requestId]);
}
