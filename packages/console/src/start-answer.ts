import { matchOutcome, type RequestRef, type StartOutcome } from '@sluice/client';

/** The outcome of a start, in words. */
export interface StartAnswer {
  readonly title: string;
  /** What to do next; empty if it is obvious. */
  readonly advice: string;
  /** The running request; null if none is known. */
  readonly request: (RequestRef & { readonly id: string }) | null;
  /** What would have to be done to the mapping first. */
  readonly remedy: 'stop' | 'publish' | null;
  /** The upstream's words. */
  readonly message: string;
}

const NOTHING = { advice: '', request: null, remedy: null } as const;

/** Describe the outcome of a start. */
export function toAnswer(outcome: StartOutcome): StartAnswer {
  return matchOutcome<StartAnswer>(outcome, {
    IngestionSubmitted: ({ message, request }) => ({
      ...NOTHING,
      title: 'Started.',
      request,
      message,
    }),
    IngestionAlreadyInProgress: ({ message, request }) => ({
      ...NOTHING,
      title: 'It is already running.',
      advice: 'Nothing new was started. You can watch the one that runs.',
      request,
      message,
    }),
    MappingNotStopped: ({ message }) => ({
      ...NOTHING,
      title: 'The mapping is not stopped.',
      advice: 'The scheduler runs it. Stop the mapping, then start the ingestion.',
      remedy: 'stop',
      message,
    }),
    MappingNotPublished: ({ message }) => ({
      ...NOTHING,
      title: 'The mapping is not published.',
      advice: 'Publish the mapping, then stop it, then start the ingestion.',
      remedy: 'publish',
      message,
    }),
    IngestionRefused: ({ message }) => ({
      ...NOTHING,
      title: 'The upstream refused it.',
      advice: 'Check the mapping’s id.',
      message,
    }),
    StartIngestionError: ({ message, outcomeUnknown, code }) => ({
      ...NOTHING,
      title: outcomeUnknown ? 'It is unknown whether it was started.' : 'It could not be started.',
      advice: outcomeUnknown
        ? 'Check the list of ingestions before you start it again. Otherwise it may be ingested twice.'
        : 'Nothing was started. Try again later.',
      message: `${message} (${code})`,
    }),
  });
}
