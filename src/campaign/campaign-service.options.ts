import type { Clock } from '../adobe/clock.js';
import type { Logger } from '../adobe/logger.js';
import type { FaultPlan } from './faults/fault-plan.js';
import type { Credentials } from './http/credentials.js';
import type { UsageLimits } from './http/usage-limits.js';
import type { SourceEnvironment } from './mapping/mapping-file.js';
import type { SchemaOf } from './mapping/schema-paths.js';
import type { ProxyOf } from './upload/connections.js';
import type { PlatformSettings } from './upload/platform-client.js';

/** What a Campaign service is built of. */
export interface CampaignServiceOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Everything is kept in its folder `campaign`, which one service has at a time. */
  readonly dataDir: string;
  readonly mappingsDir: string;
  /** The variables that mappings name; none where it is not given. */
  readonly sourceEnvironment?: SourceEnvironment;
  /** Where batches go. */
  readonly platform: PlatformSettings;
  /** What mappings are compared with at the start; with nothing where it is not given. */
  readonly schemaOf?: SchemaOf | undefined;
  /** The most that each of a batch's first files has; in bytes, 4 MB where it is not given. */
  readonly fileBytes?: number;
  /** By way of whom Platform is reached; directly where it is not given. */
  readonly proxyOf?: ProxyOf;
  readonly organization: string;
  readonly credentials: Credentials;
  /** In s; a day where it is not given. */
  readonly tokenLifetimeS?: number;
  /** From one scheduled run of a mapping to the next; in ms, a quarter of an hour where it is not given. */
  readonly runIntervalMs?: number;
  /** From a scheduled run that failed by something that passes to the next; in ms, a minute where not given. */
  readonly retryIntervalMs?: number;
  /** How long a job is known once it is over, in ms; for ever where it is not given. */
  readonly retentionMs?: number;
  /** As many calls as one likes where they are not given. */
  readonly usageLimits?: UsageLimits;
  /** What is to go wrong on purpose; nothing where it is not given. */
  readonly faults?: FaultPlan | null;
  readonly logger: Logger;
  readonly clock?: Clock;
}
