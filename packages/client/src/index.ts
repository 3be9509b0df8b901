export type { Connection, Watched } from './connection.js';
export {
  ConnectionLostError,
  type ResumableClient,
  type ResumableOptions,
  resumable,
} from './resumable.js';
