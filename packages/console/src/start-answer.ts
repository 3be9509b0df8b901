import { matchOutcome, type RequestRef, type StartOutcome } from '@sluice/client';

/** What a start came to, in words. */
export interface StartAnswer {
  readonly title: string;
  /** What to do next; empty where it is plain. */
  readonly advice: string;
  /** The request that runs; null where none is known. */
  readonly request: (RequestRef & { readonly id: string }) | null;
  /** What would have to be done to the mapping first. */
  readonly remedy: 'stop' | 'publish' | null;
  /** The upstream’s words. */
  readonly message: string;
}

const NOTHING = { advice: '', request: null, remedy: null } as const;

/** Put the outcome of a start in words. */
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
      title: 'It runs already.',
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
      title: outcomeUnknown
        ? 'It is not known whether it was started.'
        : 'It could not be started.',
      advice: outcomeUnknown
        ? 'Look at the list of ingestions before you start it again: else it may be ingested twice.'
        : 'Nothing was started. Try again later.',
      message: `${message} (${code})`,
    }),
  });
}
