import type { FailureCode, Job } from '../state/job.js';

/** The outcome of asking for an ingestion. */
export type StartOutcome =
  | { readonly kind: 'submitted' | 'alreadyInProgress'; readonly requestId: number }
  | { readonly kind: 'notStopped' | 'notPublished' };

/** The answer to a POST. Its `Success` means *submitted*. */
export interface StartAnswer {
  readonly requestId?: number;
  readonly info: string;
  readonly status: 'Success' | 'In Progress' | 'Failed';
}

/** The answer to a GET. Its `Success` means *finished*. */
export interface StatusAnswer {
  /** Empty if there is none to report: always, except for a failure after an upload. */
  readonly batchId: string;
  readonly info: string;
  /** 0 except for a success. */
  readonly numRecords: number;
  readonly requestId: number;
  readonly status: 'Success' | 'Failed' | 'Aborted' | 'In Progress';
}

const FAILURES: { readonly [Code in FailureCode]: string } = {
  'ACP-880056': 'Failed to fetch the record from the database.',
  'ACP-880096': 'Sync Job failed to upload. Please check the error in the Platform UI.',
};

const ABORTED =
  'Ingestion request aborted due to some issue with data ingestion service. Please submit a new request';

/** Campaign's own error, the same whatever happened. Plain text. */
export const CAMPAIGN_ERROR =
  'RST-360011 An error has occurred - please contact your administrator.';

/** Refuse to start an unknown mapping. Adobe documents no answer for this, so it has the form of the others. */
export function toUnknownMappingAnswer(mappingId: string): StartAnswer {
  return { info: `${toRefusal(mappingId)} does not exist`, status: 'Failed' };
}

function toRefusal(mappingId: string): string {
  return `Unable to submit data ingestion request, XDM Mapping ID: ${mappingId}`;
}

/** Convert the outcome of a start to the documented text. */
export function toStartAnswer(mappingId: string, outcome: StartOutcome): StartAnswer {
  switch (outcome.kind) {
    case 'submitted':
      return {
        requestId: outcome.requestId,
        info: `Ingestion request submitted successfully for the Mapping ID: ${mappingId}`,
        status: 'Success',
      };
    case 'alreadyInProgress':
      return {
        requestId: outcome.requestId,
        info: `Ingestion request already in progress for the Mapping ID: ${mappingId}`,
        status: 'In Progress',
      };
    case 'notStopped':
      return { info: `${toRefusal(mappingId)} is not stopped`, status: 'Failed' };
    case 'notPublished':
      return { info: `${toRefusal(mappingId)} is not published`, status: 'Failed' };
  }
}

/** Describe the job of a request in the documented text, exactly: some texts end in a blank. */
export function toStatusAnswer(requestId: number, job: Job): StatusAnswer {
  const { state, numRecords } = job;
  const mapping = `Mapping Id: ${job.mappingId}.`;
  const none = { batchId: '', numRecords: 0, requestId };

  switch (state.status) {
    case 'Created':
    case 'Uploaded':
      return { ...none, info: mapping, status: 'In Progress' };
    case 'Success':
      return { ...none, info: `${mapping} `, numRecords, status: 'Success' };
    case 'Failed': {
      const { failure } = state;
      if (failure === 'aborted')
        return { ...none, info: `${mapping} ${ABORTED}`, status: 'Aborted' };
      const info = `${mapping} ${failure} ${FAILURES[failure]}`;
      return { ...none, info, batchId: job.batchId ?? '', status: 'Failed' };
    }
  }
}
