import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startAnswers, statusAnswers } from '../../test/support/campaign-answers.js';

/** How one run was polled. Both in ms. */
export interface PolledRun {
  readonly durationMs: number;
  /** From its end to the poll that saw it. */
  readonly lagMs: number;
  readonly polls: number;
}

/** An upstream whose runs last as long as it is told. */
export interface ScheduledUpstream {
  readonly url: string;
  /** Resolves once a poll has seen the end of the mapping's run. */
  seen(mappingId: string): Promise<PolledRun>;
  close(): void;
}

interface Run {
  readonly mappingId: string;
  readonly startedAt: number;
  readonly durationMs: number;
  polls: number;
}

/** @param nextDurationMs - how long the next run of a mapping lasts */
export async function startScheduledUpstream(
  nextDurationMs: (mappingId: string) => number,
): Promise<ScheduledUpstream> {
  const runs = new Map<string, Run>();
  const waiting = new Map<string, (run: PolledRun) => void>();

  function toStatus(requestId: string): unknown {
    const run = runs.get(requestId);
    if (!run) throw new Error(`Nobody started ${requestId}.`);
    run.polls += 1;
    const lagMs = performance.now() - run.startedAt - run.durationMs;
    if (lagMs < 0) return statusAnswers.inProgress(run.mappingId, requestId);
    waiting.get(run.mappingId)?.({ durationMs: run.durationMs, lagMs, polls: run.polls });
    waiting.delete(run.mappingId);
    return statusAnswers.success(run.mappingId, requestId);
  }

  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://upstream');
    const send = (value: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (request.method !== 'POST') return send(toStatus(url.searchParams.get('requestId') ?? ''));
    const mappingId = /xdmIngestion\/([^/]+)\/ingest/.exec(url.pathname)?.[1] ?? '';
    const requestId = String(runs.size + 1);
    const durationMs = nextDurationMs(mappingId);
    runs.set(requestId, { mappingId, startedAt: performance.now(), durationMs, polls: 0 });
    return send(startAnswers.submitted(mappingId, requestId));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen: (mappingId) => new Promise((resolve) => waiting.set(mappingId, resolve)),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
