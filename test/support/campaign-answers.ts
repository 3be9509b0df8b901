/** The answers of the two tables in the contract, as documented. */
export const startAnswers = {
  submitted: (mapping: string, requestId: unknown) => ({
    requestId,
    info: `Ingestion request submitted successfully for the Mapping ID: ${mapping}`,
    status: 'Success',
  }),
  alreadyInProgress: (mapping: string, requestId: unknown) => ({
    requestId,
    info: `Ingestion request already in progress for the Mapping ID: ${mapping}`,
    status: 'In Progress',
  }),
  notStopped: (mapping: string) => ({
    info: `Unable to submit data ingestion request, XDM Mapping ID: ${mapping} is not stopped`,
    status: 'Failed',
  }),
  /** Undocumented. */
  unknown: (mapping: string) => ({
    info: `Unable to submit data ingestion request, XDM Mapping ID: ${mapping} does not exist`,
    status: 'Failed',
  }),
  notPublished: (mapping: string) => ({
    info: `Unable to submit data ingestion request, XDM Mapping ID: ${mapping} is not published`,
    status: 'Failed',
  }),
};

export const statusAnswers = {
  success: (mapping: string, requestId: unknown) => ({
    batchId: '',
    info: `Mapping Id: ${mapping}. `,
    numRecords: 15,
    requestId,
    status: 'Success',
  }),
  failedEmpty: (mapping: string, requestId: unknown) => ({
    batchId: '',
    info: `Mapping Id: ${mapping}. ACP-880056 Failed to fetch the record from the database.`,
    numRecords: 0,
    requestId,
    status: 'Failed',
  }),
  failedInBatch: (mapping: string, requestId: unknown) => ({
    batchId: 'b0b1',
    info: `Mapping Id: ${mapping}. ACP-880096 Sync Job failed to upload. Please check the error in the Platform UI.`,
    numRecords: 0,
    requestId,
    status: 'Failed',
  }),
  aborted: (mapping: string, requestId: unknown) => ({
    batchId: '',
    info: `Mapping Id: ${mapping}. Ingestion request aborted due to some issue with data ingestion service. Please submit a new request`,
    numRecords: 0,
    requestId,
    status: 'Aborted',
  }),
  inProgress: (mapping: string, requestId: unknown) => ({
    batchId: '',
    info: `Mapping Id: ${mapping}.`,
    numRecords: 0,
    requestId,
    status: 'In Progress',
  }),
};
