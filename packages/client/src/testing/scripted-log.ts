import { GraphQLError } from 'graphql';
import type { IngestionStatus, StartIngestionInput } from '../generated/operations.js';
import type { RequestRef, StartOutcome } from '../sluice-client.js';

/** The details of a transition; all optional. */
export interface TransitionDetails {
  readonly info?: string;
  readonly numRecords?: number;
  readonly batchId?: string;
  readonly failure?: {
    readonly code: string;
    readonly message: string;
    readonly isRetryable: boolean;
  };
}

/** The outcome of a start that does not start a request. */
export type ScriptedFailure = Exclude<
  StartOutcome,
  { readonly __typename: 'IngestionSubmitted' | 'IngestionAlreadyInProgress' }
>;

interface Transition {
  readonly ref: RequestRef;
  readonly from: IngestionStatus | null;
  readonly to: IngestionStatus;
  readonly observedAt: string;
  readonly details: TransitionDetails;
}

interface PageArgs {
  readonly first: number;
  readonly after?: string;
}

interface Filter {
  readonly mappingIds?: readonly string[];
  readonly statuses?: readonly IngestionStatus[];
}

type Root = Record<string, (args: never) => unknown>;

/** The transitions that a test scripts, and the resolvers that serve them. */
export interface ScriptedLog {
  move(ref: RequestRef, to: IngestionStatus, details?: TransitionDetails): void;
  failNextStart(outcome: ScriptedFailure): void;
  refuseNext(field: string, code: string): void;
  /** The resolvers of each kind of operation, by field. */
  readonly roots: {
    readonly query: Root;
    readonly mutation: Root;
    readonly subscription: Root;
  };
}

/** Create an empty log. */
export function createScriptedLog(): ScriptedLog {
  const log: Transition[] = [];
  const failures: ScriptedFailure[] = [];
  const refusals = new Map<string, string>();
  const startsByKey = new Map<string, object>();
  let wake = () => {};
  let moved: Promise<void>;
  const waitAgain = () => {
    moved = new Promise((resolve) => {
      wake = resolve;
    });
  };
  waitAgain();

  const isOf =
    ({ mappingId, requestId }: RequestRef) =>
    ({ ref }: Transition) =>
      ref.mappingId === mappingId && ref.requestId === requestId;

  const statusOf = (ref: RequestRef) => log.filter(isOf(ref)).at(-1)?.to;

  function move(ref: RequestRef, to: IngestionStatus, details: TransitionDetails = {}): void {
    const from = statusOf(ref) ?? null;
    log.push({ ref, from, to, details, observedAt: new Date().toISOString() });
    wake();
    waitAgain();
  }

  function toRequest(ref: RequestRef): object | null {
    const all = log.filter(isOf(ref));
    const [first] = all;
    const last = all.at(-1);
    if (!first || !last) return null;
    const isTerminal = last.to !== 'IN_PROGRESS';
    return {
      __typename: 'IngestionRequest',
      id: toId('IngestionRequest', ref.mappingId, ref.requestId),
      ...ref,
      status: last.to,
      isTerminal,
      ...toDetails(last),
      attempt: 1,
      durationMs: Date.parse(last.observedAt) - Date.parse(first.observedAt),
      firstObservedAt: first.observedAt,
      startedAt: first.observedAt,
      lastObservedAt: last.observedAt,
      finishedAt: isTerminal ? last.observedAt : null,
      transitions: (args: PageArgs) => toPage(all.map(toTransition), args, ({ cursor }) => cursor),
    };
  }

  function toTransition(transition: Transition) {
    const { ref, from, to, observedAt } = transition;
    const cursor = toCursor(log.indexOf(transition));
    return {
      __typename: 'IngestionTransition',
      id: toId('IngestionTransition', cursor),
      cursor,
      from,
      to,
      observedAt,
      ...toDetails(transition),
      request: () => toRequest(ref),
    };
  }

  async function* follow(
    field: string,
    after: string | null | undefined,
    ownPlace: number,
    isWanted: (transition: Transition) => boolean,
    endsWith: (transition: Transition) => boolean,
  ): AsyncGenerator<object, void> {
    for (let index = after ? toIndex(after) + 1 : ownPlace; ; index += 1) {
      while (index >= log.length) await moved;
      const transition = log[index];
      if (!transition || !isWanted(transition)) continue;
      yield { [field]: toTransition(transition) };
      if (endsWith(transition)) return;
    }
  }

  function toIndex(cursor: string): number {
    const index = log.findIndex((_, at) => toCursor(at) === cursor);
    if (index === -1 && cursor !== toCursor(-1)) throw toError('CURSOR_INVALID');
    return index;
  }

  function start(input: StartIngestionInput): object {
    const { idempotencyKey } = input;
    const mappingId = String(input.mappingId);
    const before = idempotencyKey ? startsByKey.get(idempotencyKey) : undefined;
    if (before) return before;
    const failure = failures.shift();
    if (failure) return failure;
    const ofMapping = log.filter(({ ref }) => ref.mappingId === mappingId);
    const last = ofMapping.at(-1);
    const isRunning = last?.to === 'IN_PROGRESS';
    const count = new Set(log.map(({ ref }) => ref.requestId)).size;
    const ref = isRunning ? last.ref : { mappingId, requestId: String(count + 1) };
    if (!isRunning) move(ref, 'IN_PROGRESS');
    const outcome = {
      __typename: isRunning ? 'IngestionAlreadyInProgress' : 'IngestionSubmitted',
      message: isRunning ? 'It is already running.' : 'Submitted.',
      request: () => toRequest(ref),
    };
    if (idempotencyKey) startsByKey.set(idempotencyKey, outcome);
    return outcome;
  }

  function listRequests({ filter, ...args }: PageArgs & { readonly filter?: Filter }): object {
    const requests = log
      .filter(({ from, ref }) => from === null && isListed(filter?.mappingIds, ref.mappingId))
      .reverse()
      .map(({ ref }) => ref)
      .filter((ref) => isListed(filter?.statuses, statusOf(ref)));
    return toPage(requests, args, (ref) => toId('place', ref.mappingId, ref.requestId), toRequest);
  }

  function find(id: string): object | null {
    const [kind, ...names] = fromId(id);
    if (kind === 'IngestionRequest') return toRequest(toRef({ id }));
    const transition = log.find((_, index) => toCursor(index) === names[0]);
    return transition ? toTransition(transition) : null;
  }

  const refusable = (fields: Root): Root =>
    Object.fromEntries(
      Object.entries(fields).map(([name, resolve]) => [
        name,
        (args: never) => {
          const code = refusals.get(name);
          refusals.delete(name);
          if (code) throw toError(code);
          return resolve(args);
        },
      ]),
    );

  return {
    move,
    failNextStart: (outcome) => void failures.push(outcome),
    refuseNext: (field, code) => void refusals.set(field, code),
    roots: {
      query: refusable({
        viewer: () => ({ name: null, rights: [] }),
        latestCursor: () => toCursor(log.length - 1),
        ingestionStatus: (args: Named) => toRequest(toRef(args)),
        ingestionStatuses: ({ requests }: { readonly requests: readonly Named[] }) =>
          requests.map((named) => toRequest(toRef(named))),
        ingestionRequests: listRequests,
        node: ({ id }: { readonly id: string }) => find(id),
        nodes: ({ ids }: { readonly ids: readonly string[] }) => ids.map(find),
      }),
      mutation: refusable({
        startIngestion: ({ input }: { readonly input: StartIngestionInput }) => start(input),
        startIngestions: ({ inputs }: { readonly inputs: readonly StartIngestionInput[] }) =>
          inputs.map(start),
      }),
      subscription: refusable({
        ingestionStatusChanged({ after, ...named }: Named & { readonly after?: string }) {
          const isWanted = isOf(toRef(named));
          if (!log.some(isWanted)) throw toError('INGESTION_REQUEST_NOT_FOUND');
          if (after) toIndex(after);
          const isLast = ({ to }: Transition) => to !== 'IN_PROGRESS';
          return follow('ingestionStatusChanged', after, 0, isWanted, isLast);
        },
        ingestionActivity(args: {
          readonly after?: string;
          readonly mappingIds?: readonly string[];
          readonly filter?: Filter;
        }) {
          if (args.after) toIndex(args.after);
          const mappingIds = args.mappingIds ?? args.filter?.mappingIds;
          const isWanted = ({ ref, to }: Transition) =>
            isListed(mappingIds, ref.mappingId) && isListed(args.filter?.statuses, to);
          const place = Math.max(0, log.length - 1);
          return follow('ingestionActivity', args.after, place, isWanted, () => false);
        },
      }),
    },
  };
}

interface Named {
  readonly id?: string;
  readonly mappingId?: string;
  readonly requestId?: string;
}

function toRef({ id, mappingId, requestId }: Named): RequestRef {
  if (!id) return { mappingId: mappingId ?? '', requestId: requestId ?? '' };
  const [, ofMapping = '', ofRequest = ''] = fromId(id);
  return { mappingId: ofMapping, requestId: ofRequest };
}

function toId(...names: readonly string[]): string {
  return btoa(encodeURIComponent(JSON.stringify(names)));
}

function fromId(id: string): readonly string[] {
  try {
    return JSON.parse(decodeURIComponent(atob(id))) as readonly string[];
  } catch {
    return [];
  }
}

function toCursor(index: number): string {
  return `cursor-${index}`;
}

function toDetails({ details }: Transition): object {
  const { info = '', numRecords = null, batchId = null, failure = null } = details;
  return { info, numRecords, batchId, failure };
}

function toError(code: string): GraphQLError {
  return new GraphQLError(`Refused by the test: ${code}.`, { extensions: { code } });
}

function isListed<Value>(wanted: readonly Value[] | null | undefined, value: Value | undefined) {
  return !wanted || (value !== undefined && wanted.includes(value));
}

function toPage<Item>(
  items: readonly Item[],
  { first, after }: PageArgs,
  cursorOf: (item: Item) => string,
  toNode: (item: Item) => unknown = (item) => item,
): object {
  const begin = after ? items.findIndex((item) => cursorOf(item) === after) + 1 : 0;
  const page = items.slice(begin, begin + first);
  const edges = page.map((item) => ({ cursor: cursorOf(item), node: toNode(item) }));
  return {
    edges,
    nodes: edges.map(({ node }) => node),
    pageInfo: {
      hasNextPage: begin + first < items.length,
      hasPreviousPage: begin > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
