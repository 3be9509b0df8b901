import type { Clock } from '../adobe/clock.js';
import type { Logger } from '../adobe/logger.js';
import type { FaultPlan } from './faults/fault-plan.js';
import type { Credentials } from './http/credentials.js';
import type { UsageLimits } from './http/usage-limits.js';
import type { SourceEnvironment } from './mapping/mapping-file.js';
import type { SchemaOf } from './mapping/schema-paths.js';
import type { ProxyOf } from './upload/connections.js';
import type { PlatformSettings } from './upload/platform-client.js';

/** What a Campaign service is built from. */
export interface CampaignServiceOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Everything is stored in its folder `campaign`, which only one service can use at a time. */
  readonly dataDir: string;
  readonly mappingsDir: string;
  /** The variables that mappings may refer to; none by default. */
  readonly sourceEnvironment?: SourceEnvironment;
  /** Where batches go. */
  readonly platform: PlatformSettings;
  /** What mappings are compared with at startup; nothing by default. */
  readonly schemaOf?: SchemaOf | undefined;
  /** The maximum size of each of a batch's first files, in bytes; 4 MB by default. */
  readonly fileBytes?: number;
  /** The proxy for Platform; none by default. */
  readonly proxyOf?: ProxyOf;
  readonly organization: string;
  readonly credentials: Credentials;
  /** In s; a day by default. */
  readonly tokenLifetimeS?: number;
  /** The time between two scheduled runs of a mapping, in ms; a quarter of an hour by default. */
  readonly runIntervalMs?: number;
  /** The time from a scheduled run with a temporary failure to the next run, in ms; a minute by default. */
  readonly retryIntervalMs?: number;
  /** How long a job is kept after it has ended, in ms; for ever by default. */
  readonly retentionMs?: number;
  /** No limits by default. */
  readonly usageLimits?: UsageLimits;
  /** The fault plan; no faults by default. */
  readonly faults?: FaultPlan | null;
  readonly logger: Logger;
  readonly clock?: Clock;
}
