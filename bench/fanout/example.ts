/** The subscription of every client. */
export const QUERY = /* GraphQL */ `
  subscription {
    ingestionActivity {
      cursor
      from
      to
      observedAt
      numRecords
      batchId
      info
      request {
        mappingId
        requestId
        status
      }
    }
  }
`;

/** The longest text in an event. */
export const INFO = 'Mapping Id: XDM44. Request Id: 3520. Ingestion completed successfully.';

/** An event in the gateway's form, for contestants without a log. */
export function toEvent(index: number) {
  return {
    cursor: `${String(index).padStart(8, '0')}.b2Zmc2V0LW9m`,
    from: null,
    to: 'SUCCESS',
    observedAt: new Date().toISOString(),
    numRecords: 15,
    batchId: '01HZX9E5T5N8Q4',
    info: INFO,
    request: { mappingId: 'XDM44', requestId: String(index), status: 'SUCCESS' },
  };
}
