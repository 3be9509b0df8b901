export type { Connection, Watched } from './connection.js';
export type { Transport } from './fallback.js';
export { type AnsweredError, GatewayError } from './gateway-error.js';
export type {
  IngestionRequestFilter,
  IngestionStatus,
  SluiceRequestFragment as IngestionRequest,
  SluiceTransitionFragment as IngestionTransition,
  StartIngestionInput,
} from './generated/operations.js';
export {
  ConnectionLostError,
  type ResumableClient,
  type ResumableOptions,
  resumable,
} from './resumable.js';
export { resumableFetch } from './resumable-fetch.js';
export {
  createSluiceClient,
  matchOutcome,
  type RequestRef,
  type SluiceClient,
  type SluiceClientOptions,
  type StartOutcome,
  type Stoppable,
  type TypedText,
} from './sluice-client.js';
