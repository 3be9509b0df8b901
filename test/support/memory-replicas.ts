import {
  type IngestionRecord,
  isTerminal,
  type RequestRef,
  toRequestKey,
} from '../../src/ingestion/ingestion-request.js';
import type { Clock, IngestionLog, WatchReport } from '../../src/ingestion/ports.js';
import type { ReplicaRegistry, WatchTable } from '../../src/ingestion/replica-ports.js';

/** What replicas share, in memory and by a clock that tests drive. */
export interface MemoryReplicas {
  readonly registry: ReplicaRegistry;
  /** @param clock - of the replica that uses it; the table keeps its own time */
  table(clock: Clock): WatchTable;
  /** Whose the watch of a request is; null where nobody alive has it. */
  ownerOf(ref: RequestRef): string | null;
}

interface Row {
  owner: string | null;
  /** Instants by the table’s clock. */
  report: WatchReport | null;
}

/** @param clock - the database’s */
export function createMemoryReplicas(log: IngestionLog, clock: Clock): MemoryReplicas {
  const expiries = new Map<string, number>();
  const rows = new Map<string, Row & { readonly ref: RequestRef }>();
  log.onAppended(({ ref, to }) => {
    const key = toRequestKey(ref);
    if (isTerminal(to.status)) rows.delete(key);
    else rows.set(key, { ref, owner: null, report: null });
  });
  const isAlive = (id: string) => (expiries.get(id) ?? 0) > clock.now();
  const isFree = ({ owner }: Row) => owner === null || !isAlive(owner);

  function table(own: Clock): WatchTable {
    const shift = (report: WatchReport, by: number): WatchReport => ({
      ...report,
      lastObservedAt: report.lastObservedAt === null ? null : report.lastObservedAt + by,
      observedAgoMs: null,
      lastPolledAt: report.lastPolledAt === null ? null : report.lastPolledAt + by,
      nextPollAt: report.nextPollAt === null ? null : report.nextPollAt + by,
    });
    /** By the table's clock; how long ago something was observed is believed before when that was. */
    const toRow = (report: WatchReport): WatchReport => {
      const { observedAgoMs } = report;
      const shifted = shift(report, -skewMs());
      return observedAgoMs === null
        ? shifted
        : { ...shifted, lastObservedAt: clock.now() - observedAgoMs };
    };
    const skewMs = () => own.now() - clock.now();
    async function toHandovers(taken: readonly { ref: RequestRef; report: WatchReport | null }[]) {
      const records = await log.find(taken.map(({ ref }) => ref));
      return taken.map(({ report }, index) => ({
        record: records[index] as IngestionRecord,
        report: report && shift(report, skewMs()),
      }));
    }
    return {
      async takeFree(replicaId, limit) {
        const free = [...rows.values()].filter(isFree).slice(0, limit);
        for (const row of free) row.owner = replicaId;
        return toHandovers(free);
      },
      async take(replicaId, refs) {
        return refs.filter((ref) => {
          const row = rows.get(toRequestKey(ref));
          if (!row || (row.owner !== replicaId && !isFree(row))) return false;
          row.owner = replicaId;
          return true;
        });
      },
      async listHeld(replicaId) {
        return toHandovers([...rows.values()].filter(({ owner }) => owner === replicaId));
      },
      async write(replicaId, watches) {
        return watches.flatMap(({ ref, report }) => {
          const row = rows.get(toRequestKey(ref));
          if (row?.owner !== replicaId) return [ref];
          row.report = toRow(report);
          return [];
        });
      },
      async giveBack(replicaId, watches) {
        for (const { ref, report } of watches) {
          const row = rows.get(toRequestKey(ref));
          if (row?.owner !== replicaId) continue;
          row.owner = null;
          row.report = toRow(report);
        }
      },
      async noteSeen() {},
      async findReports(refs) {
        return refs.map((ref) => {
          const report = rows.get(toRequestKey(ref))?.report;
          return report ? shift(report, skewMs()) : null;
        });
      },
    };
  }

  return {
    table,
    ownerOf(ref) {
      const row = rows.get(toRequestKey(ref));
      return row && !isFree(row) ? row.owner : null;
    },
    registry: {
      async join(id, ttlMs) {
        expiries.set(id, clock.now() + ttlMs);
      },
      async beat(id, ttlMs) {
        const wasAlive = isAlive(id);
        const deadIds = [...expiries.keys()].filter((other) => !isAlive(other));
        for (const dead of deadIds) expiries.delete(dead);
        if (!wasAlive) return null;
        expiries.set(id, clock.now() + ttlMs);
        const all = [...rows.values()];
        return {
          livingCount: expiries.size,
          watchCount: all.length,
          heldCount: all.filter(({ owner }) => owner === id).length,
          freeCount: all.filter(isFree).length,
          deadIds,
        };
      },
      async leave(id) {
        expiries.delete(id);
      },
      async livingProcesses() {
        return [...expiries.keys()].filter(isAlive);
      },
    },
  };
}
