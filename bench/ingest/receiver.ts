import { type IncomingMessage, Server } from 'node:http';
import { pino } from 'pino';
import { startPlatformReceiver } from '../../src/platform/platform-receiver.js';

/**
 * The local receiver in a separate process, which accepts each upload as late as a network would. It prints its URL,
 * and at its end how much memory it took above idle.
 */
const [dataDir = '', latencyMs = '0'] = process.argv.slice(2);

const SAMPLE_MS = 20;
const MB = 1024 * 1024;

const emit = Server.prototype.emit as (this: Server, ...args: unknown[]) => boolean;
Server.prototype.emit = function emitLate(...args: unknown[]): boolean {
  const [event, request] = args as [string, IncomingMessage];
  if (event !== 'request' || request.method !== 'PUT') return emit.apply(this, args);
  setTimeout(() => emit.apply(this, args), Number(latencyMs));
  return true;
};

const { url, stop } = await startPlatformReceiver({
  host: '127.0.0.1',
  port: 0,
  dataDir,
  datasetsDir: 'datasets',
  apiKey: 'key',
  imsOrg: 'bench@AdobeOrg',
  sandbox: 'prod',
  clients: [{ clientId: 'client', clientSecret: 'secret' }],
  logger: pino({ level: 'silent' }),
});
process.stdout.write(`${url}\n`);
const idleRss = process.memoryUsage.rss();
let peakRss = idleRss;
const sampler = setInterval(() => {
  peakRss = Math.max(peakRss, process.memoryUsage.rss());
}, SAMPLE_MS);
process.once('SIGTERM', () => {
  clearInterval(sampler);
  process.stdout.write(`${Math.round((peakRss - idleRss) / MB)}\n`);
  void stop();
});
