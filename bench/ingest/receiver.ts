import { pino } from 'pino';
import { createPlatformReceiver } from '../../src/platform/platform-receiver.js';

/** The local receiver, in a process of its own; it prints its URL. */
const [dataDir = ''] = process.argv.slice(2);

const receiver = createPlatformReceiver({
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
const { url } = await receiver.start();
process.stdout.write(`${url}\n`);
process.once('SIGTERM', () => void receiver.stop());
