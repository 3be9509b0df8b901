export type { ScriptedFailure, TransitionDetails } from './testing/scripted-log.js';
export { type ScriptedServer, startScriptedServer } from './testing/scripted-server.js';
