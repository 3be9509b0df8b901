import type { FailureCode, IngestionRequest, StartOutcome } from '../state/ingestion-request.js';

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

/** Convert a request's state to the documented text, exactly: some texts end in a blank. */
export function toStatusAnswer({ requestId, mappingId, state }: IngestionRequest): StatusAnswer {
  const mapping = `Mapping Id: ${mappingId}.`;
  const answer = (
    status: StatusAnswer['status'],
    info: string,
    { batchId = '', numRecords = 0 } = {},
  ): StatusAnswer => ({ batchId, info, numRecords, requestId, status });

  switch (state.phase) {
    case 'running':
      return answer('In Progress', mapping);
    case 'succeeded':
      return answer('Success', `${mapping} `, { numRecords: state.numRecords });
    case 'failed': {
      const info = `${mapping} ${state.code} ${FAILURES[state.code]}`;
      return answer('Failed', info, { batchId: state.batchId ?? '' });
    }
    case 'aborted':
      return answer('Aborted', `${mapping} ${ABORTED}`);
  }
}
