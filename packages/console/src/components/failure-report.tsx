import { useQuery } from '@tanstack/react-query';
import { toCount } from '../format.js';
import { IngestionBatchDocument } from '../generated/operations.js';
import type { Ingestion } from '../live.js';
import { useAsk } from '../session.js';
import { Notice } from './notice.js';
import { Scrollable } from './scrollable.js';

/** Why an ingestion failed, whether a retry helps, and what is wrong with its records. */
export function FailureReport({ ingestion }: { readonly ingestion: Ingestion }) {
  const { failure, status, batchId, mappingId, requestId } = ingestion;
  const ask = useAsk();
  const { data, error, isPending } = useQuery({
    ...ask(IngestionBatchDocument, { mappingId, requestId }),
    enabled: failure !== null && batchId !== null,
    staleTime: 60_000,
  });
  if (!failure) return null;
  const batch = data?.ingestionStatus?.batch;
  return (
    <Notice kind="error" title={failure.message}>
      <p>
        {toAdvice(status, failure.isRetryable)}
        {failure.code && <code> {failure.code}</code>}
      </p>
      {batchId !== null && isPending && <p className="muted">Asking Platform about the batch…</p>}
      {error && <p>Platform did not say what is wrong with the batch: {error.message}</p>}
      {batch && (
        <>
          <p>
            Platform calls batch <code>{batch.batchId}</code> <strong>{batch.statusText}</strong>
            {batch.numFailed !== null && `, ${toCount(batch.numFailed)} records refused`}
            {batch.numIngested !== null && `, ${toCount(batch.numIngested)} ingested`}.
          </p>
          {batch.errors.length > 0 && (
            <Scrollable label="What is wrong with the records">
              <table>
                <thead>
                  <tr>
                    <th>What is wrong</th>
                    <th className="number">Records</th>
                  </tr>
                </thead>
                <tbody>
                  {batch.errors.map(({ code, description, numRecords }) => (
                    <tr key={`${code} ${description}`}>
                      <td>
                        {description} <code className="muted">{code}</code>
                      </td>
                      <td className="number">{numRecords === null ? '' : toCount(numRecords)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scrollable>
          )}
        </>
      )}
    </Notice>
  );
}

function toAdvice(status: Ingestion['status'], isRetryable: boolean): string {
  if (status === 'ABORTED') {
    return 'The ingestion service gave up. Some records may have been ingested. Retry it.';
  }
  return isRetryable
    ? 'A retry may help.'
    : 'A retry fails the same way: fix the source or the mapping first.';
}
