import { systemClock } from '../../src/adobe/clock.js';
import { startCampaignService } from '../../src/campaign/campaign-service.js';
import { createFixedCredentials } from '../../src/campaign/http/credentials.js';
import type { PlatformSettings } from '../../src/campaign/upload/platform-client.js';
import { ADMIN, API_KEY } from '../campaign/support/service-client.js';
import { silentLogger } from '../support/silent-logger.js';

/** What such a process is told. */
export interface KilledServiceSettings {
  readonly dataDir: string;
  readonly mappingsDir: string;
  readonly platform: PlatformSettings;
}

/** Waits are so many times shorter: retries come soon. */
const HURRY = 50;

const { dataDir, mappingsDir, platform } = JSON.parse(
  process.env.KILLED_SERVICE ?? '{}',
) as KilledServiceSettings;
const { url } = await startCampaignService({
  host: '127.0.0.1',
  port: 0,
  dataDir,
  mappingsDir,
  platform,
  organization: 'acme',
  credentials: createFixedCredentials(API_KEY, [{ ...ADMIN, roles: ['administration'] }]),
  runIntervalMs: 20 * HURRY,
  retryIntervalMs: 20 * HURRY,
  // So small that each run has several, of which three are uploaded at once.
  fileBytes: 1_024,
  logger: silentLogger,
  clock: {
    now: () => systemClock.now(),
    monotonicMs: () => systemClock.monotonicMs() * HURRY,
    wait: (delayMs, signal) => systemClock.wait(delayMs / HURRY, signal),
  },
});
process.stdout.write(`${url}\n`);
