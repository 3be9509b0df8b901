import DataLoader from 'dataloader';
import { type RequestRef, toRequestKey } from '../ingestion/ingestion-request.js';
import type { Clock, WatchReport } from '../ingestion/ports.js';
import type {
  Census,
  Handover,
  ReplicaRegistry,
  WatchLeases,
  WatchTable,
} from '../ingestion/replica-ports.js';
import { toShareMove } from './fair-share.js';
import type { Watcher } from './watcher.js';

/** Between two heartbeats, in ms. */
const BEAT_MS = 2_000;

/**
 * A replica is taken for dead when its last heartbeat is so old, in ms. A dead one’s watches are others’ after
 * this and one more heartbeat of theirs: within 10 s.
 */
const LIFE_MS = 6_500;

/** By so much less a replica takes itself for alive, in ms: machines do not measure time quite alike. */
const MARGIN_MS = 500;

/** After a heartbeat that failed, in ms. */
const BEAT_AGAIN_MS = 500;

/** How watches stand is written down so often, in ms. */
const WRITE_MS = 1_000;

/** So many watches are taken in one statement. */
const PAGE_ITEMS = 1_000;

/** What an operator wants to hear of. */
export interface ReplicaEvents {
  onJoined(replicaId: string): void;
  /** This replica was taken for dead, or could not say that it lives: it has dropped its watches. */
  onLost(replicaId: string, watchCount: number): void;
  /**
   * Replicas came, left or died: what those who are gone were in the middle of is somebody else’s now. Where
   * seeing to that fails, this is called again.
   *
   * @param deadIds - those that died and nobody noticed before
   */
  onCompanyChanged(livingCount: number, deadIds: readonly string[]): Promise<void>;
  onTaken(watchCount: number): void;
  onGivenBack(watchCount: number): void;
  /** The database could not be asked; it is tried again. */
  onFailed(error: unknown): void;
}

/** What a replica needs. */
export interface ReplicaOptions {
  readonly registry: ReplicaRegistry;
  readonly table: WatchTable;
  readonly clock: Clock;
  /** Gives a name that no replica has had. */
  readonly newId: () => string;
  readonly events: ReplicaEvents;
}

/** This process as one of several that share the watches. */
export interface Replica {
  /** For the watcher that is given to {@link Replica.start}. */
  readonly leases: WatchLeases;
  /** The name it has now. Starts that it sends are under it. */
  readonly id: string;
  /** How many replicas are alive, as last heard. */
  readonly livingCount: number;
  /** Join the others, and take a share of the watches. @throws the database cannot be asked */
  start(watcher: Watcher): Promise<void>;
  /** Give everything back, once the watcher has stopped, so that others go on at once. */
  stop(): Promise<void>;
}

/**
 *     joining ──registered──▶ alive ──a heartbeat says: taken for dead──▶ joining, under a new name
 *                               │ ──no heartbeat came through in time───▶ apart ──one does──▶ alive or joining
 *                               └──stop──▶ gone
 *
 * Whoever is not alive polls nothing. A frozen process is none of this while it is frozen; when it wakes,
 * `isInForce` says no before anything is polled, for its time has passed, and the next heartbeat tells why.
 *
 * @see docs/adr/0015-who-watches.md
 */
export function createReplica({ registry, table, clock, newId, events }: ReplicaOptions): Replica {
  let id = newId();
  let census: Census = {
    livingCount: 1,
    watchCount: 0,
    heldCount: 0,
    freeCount: 0,
    deadIds: [],
  };
  /** By the monotonic clock; before any heartbeat came through it is the past. */
  let aliveUntil = Number.NEGATIVE_INFINITY;
  let watcher: Watcher | null = null;
  let wasMismatched = false;
  /** Somebody came or went, and that is not seen to yet. */
  let hasNews = false;
  let isStopped = false;
  let cancelBeat = () => {};
  let cancelEnd = () => {};
  let cancelWrite = () => {};
  let beating: Promise<void> = Promise.resolve();
  let writing: Promise<void> = Promise.resolve();

  // What is asked in the same turn of the event loop goes together, and nothing is kept.
  const claims = new DataLoader<RequestRef, boolean>(
    async (refs) => {
      const taken = new Set((await table.take(id, refs)).map(toRequestKey));
      return refs.map((ref) => taken.has(toRequestKey(ref)));
    },
    { cache: false },
  );
  const sightings = new DataLoader<RequestRef, true>(
    async (refs) => {
      await table.noteSeen(refs);
      return refs.map(() => true);
    },
    { cache: false },
  );
  const reports = new DataLoader<RequestRef, WatchReport | null>(
    (refs) => table.findReports(refs),
    { cache: false },
  );

  const isInForce = () => clock.monotonicMs() < aliveUntil;

  async function join(): Promise<void> {
    const sentAt = clock.monotonicMs();
    await registry.join(id, LIFE_MS);
    liveFrom(sentAt);
    events.onJoined(id);
  }

  /** @param sentAt - when the heartbeat left that came through: the database took it no earlier */
  function liveFrom(sentAt: number): void {
    aliveUntil = sentAt + LIFE_MS - MARGIN_MS;
    cancelEnd();
    // No answer to any heartbeat may come: then this is what notices.
    cancelEnd = clock.schedule(Math.max(0, aliveUntil - clock.monotonicMs()), lose);
  }

  /** Others have the watches, or will: let go of all. */
  function lose(): void {
    aliveUntil = Number.NEGATIVE_INFINITY;
    cancelEnd();
    // Where it turns out that nobody has them, they are taken up again at once.
    wasMismatched = true;
    const refs = watcher?.refs() ?? [];
    watcher?.letGo(refs);
    events.onLost(id, refs.length);
  }

  async function beat(): Promise<void> {
    const sentAt = clock.monotonicMs();
    const heard = await registry.beat(id, LIFE_MS);
    if (heard === null) {
      lose();
      id = newId();
      await join();
      return beat();
    }
    const { livingCount, deadIds } = heard;
    if (deadIds.length > 0 || livingCount !== census.livingCount) hasNews = true;
    census = heard;
    liveFrom(sentAt);
    if (!hasNews) return;
    hasNews = false;
    events.onCompanyChanged(livingCount, deadIds).catch((error) => {
      hasNews = true;
      events.onFailed(error);
    });
  }

  async function balance(): Promise<void> {
    await reconcile();
    const move = toShareMove(census);
    switch (move.kind) {
      case 'take':
        return take(move.count);
      case 'giveBack':
        return giveBack(move.count);
      case 'stay':
    }
  }

  async function take(count: number): Promise<void> {
    let takenCount = 0;
    async function* pages(): AsyncGenerator<readonly Handover[]> {
      while (takenCount < count && isInForce()) {
        const limit = Math.min(PAGE_ITEMS, count - takenCount);
        const taken = await table.takeFree(id, limit);
        takenCount += taken.length;
        yield taken;
        if (taken.length < limit) return;
      }
    }
    await watcher?.resume(pages());
    if (takenCount > 0) events.onTaken(takenCount);
  }

  async function giveBack(count: number): Promise<void> {
    // Those with the longest to wait: others have them before their next poll.
    const surplus = watcher?.idle().slice(0, count) ?? [];
    watcher?.letGo(surplus.map(({ ref }) => ref));
    await table.giveBack(id, surplus);
    events.onGivenBack(surplus.length);
  }

  /**
   * Take up what the table says is held here and is not: an answer to a statement that took it was lost. Only
   * when it is seen twice in a row, for what is on its way looks the same.
   */
  async function reconcile(): Promise<void> {
    const isMismatched = census.heldCount > (watcher?.watchCount ?? 0);
    if (isMismatched && wasMismatched) {
      const held = await table.listHeld(id);
      await watcher?.resume(once(held));
    }
    wasMismatched = isMismatched;
  }

  async function beatAndBalance(): Promise<void> {
    let nextMs = BEAT_MS;
    try {
      await beat();
      if (!isStopped) await balance();
    } catch (error) {
      events.onFailed(error);
      nextMs = BEAT_AGAIN_MS;
    }
    if (!isStopped) scheduleBeat(nextMs);
  }

  function scheduleBeat(delayMs: number): void {
    cancelBeat = clock.schedule(delayMs, () => {
      beating = beatAndBalance();
    });
  }

  async function write(): Promise<void> {
    const changes = watcher?.takeChanges() ?? [];
    if (changes.length === 0 || !isInForce()) return;
    const lost = await table.write(id, changes);
    watcher?.letGo(lost);
  }

  function scheduleWrite(): void {
    cancelWrite = clock.schedule(WRITE_MS, () => {
      writing = write()
        .catch(events.onFailed)
        .then(() => {
          if (!isStopped) scheduleWrite();
        });
    });
  }

  async function claim(ref: RequestRef): Promise<boolean> {
    try {
      if (isInForce()) {
        if (await claims.load(ref)) return true;
        // Rows that are locked are skipped, and this replica’s own heartbeat may be taking it at this moment:
        // then it is watched here once that is through, and whoever asks meanwhile need not poll by himself.
        await beating;
      }
      await sightings.load(ref);
    } catch (error) {
      // It is free, and somebody takes it at the next heartbeat.
      events.onFailed(error);
    }
    return false;
  }

  return {
    leases: {
      claim,
      isInForce,
      findReport: (ref) => reports.load(ref),
    },
    get id() {
      return id;
    },
    get livingCount() {
      return census.livingCount;
    },
    async start(given) {
      watcher = given;
      await join();
      await beat();
      await balance();
      scheduleBeat(BEAT_MS);
      scheduleWrite();
    },
    async stop() {
      isStopped = true;
      cancelBeat();
      cancelWrite();
      await Promise.allSettled([beating, writing]);
      cancelEnd();
      try {
        if (watcher) await table.giveBack(id, watcher.idle());
        await registry.leave(id);
      } catch (error) {
        // Then others take over when they notice that there are no more heartbeats.
        events.onFailed(error);
      }
    },
  };
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}
