import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { toCount } from '../format.js';
import {
  CancelJobDocument,
  type ExportJobFragment,
  type JobsQuery,
  RejectsDocument,
} from '../generated/operations.js';
import { toHref } from '../route.js';
import { useAsk, useHasRight, useSession } from '../session.js';
import { showToast } from '../toast-store.js';
import { Scrollable } from './scrollable.js';
import { Status } from './status.js';
import { Time } from './time.js';

type ListedJob = ExportJobFragment &
  Partial<Pick<NonNullable<JobsQuery['jobs']>['nodes'][number], 'request'>>;

/** Executions of a mapping, with Campaign’s columns. */
export function JobTable({ jobs }: { readonly jobs: readonly ListedJob[] }) {
  const [shownId, setShownId] = useState<string | null>(null);
  const mayManage = useHasRight('mappings:manage');
  const hasRequests = jobs.some(({ request }) => request);
  return (
    <Scrollable label="Jobs, with their columns">
      <table>
        <thead>
          <tr>
            <th>Job</th>
            {hasRequests && <th>Request</th>}
            <th>Status</th>
            <th className="number">Number of records</th>
            <th className="number">Rejects</th>
            <th>Start Time</th>
            <th>End Time</th>
            <th>BatchId</th>
            <th className="reason-cell">Reason</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <td>{job.jobId}</td>
              {hasRequests && (
                <td>
                  {job.request && (
                    <a href={toHref(['ingestions', job.request.mappingId, job.request.requestId])}>
                      {job.request.requestId}
                    </a>
                  )}
                </td>
              )}
              <td>
                <Status status={job.status} />
              </td>
              <td className="number">{toCount(job.numRecords)}</td>
              <td className="number">
                {job.numRejected === 0 ? (
                  '0'
                ) : (
                  <button
                    type="button"
                    className="link"
                    aria-expanded={shownId === job.id}
                    onClick={() => setShownId(shownId === job.id ? null : job.id)}
                  >
                    {toCount(job.numRejected)}
                  </button>
                )}
              </td>
              <td>
                <Time at={job.startedAt} />
              </td>
              <td>
                <Time at={job.endedAt} />
              </td>
              <td className="batch-cell">{job.batchId}</td>
              <td className="reason-cell">
                {job.reason}
                {mayManage && job.endedAt === null && <CancelButton jobId={job.jobId} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shownId !== null && <Rejects id={shownId} />}
    </Scrollable>
  );
}

function CancelButton({ jobId }: { readonly jobId: string }) {
  const { client, queries } = useSession();
  const cancel = useMutation({
    networkMode: 'always',
    mutationFn: () => client.request(CancelJobDocument, { jobId }),
    onSuccess({ cancelJob }) {
      if (cancelJob.__typename === 'JobChangeRefused') {
        showToast({ kind: 'bad', text: cancelJob.message });
      }
      return queries.invalidateQueries();
    },
    onError: (failure) => showToast({ kind: 'bad', text: failure.message }),
  });
  return (
    <button type="button" disabled={cancel.isPending} onClick={() => cancel.mutate()}>
      Cancel
    </button>
  );
}

function Rejects({ id }: { readonly id: string }) {
  const ask = useAsk();
  const { data, error } = useQuery(ask(RejectsDocument, { id }));
  if (error) return <p>{error.message}</p>;
  const rejects = data?.node && 'rejects' in data.node ? data.node.rejects : null;
  if (!rejects) return <p className="muted">Loading…</p>;
  return (
    <table>
      <caption>Records that were not sent</caption>
      <thead>
        <tr>
          <th>Place</th>
          <th>Key</th>
          <th>Reason</th>
        </tr>
      </thead>
      <tbody>
        {rejects.nodes.map(({ place, key, reason }) => (
          <tr key={`${place} ${reason}`}>
            <td>{place}</td>
            <td>{key}</td>
            <td>{reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
