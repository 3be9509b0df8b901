import type { FaultPlan } from '../../src/campaign/faults/fault-plan.js';
import type { RemoteUpstream } from '../../src/config/upstream.js';
import { type RunningService, startService } from '../campaign/support/running-service.js';
import { ADMIN, API_KEY, CLIENT } from '../campaign/support/service-client.js';
import { startTestGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.js';

/** A job as the service itself reports it, without faults. */
export interface JobOfService {
  readonly requestId: string;
  readonly mapping: string;
  readonly status: string;
  readonly batchId: string | null;
  readonly numberOfRecords: number | null;
}

/** A gateway in front of the real Campaign service, whose calls fail as planned. */
export interface FaultyCampaign extends AsyncDisposable {
  readonly gateway: TestGateway;
  /** All jobs, newest first. Administration has no faults. */
  jobs(): Promise<readonly JobOfService[]>;
}

/** Start both, on free ports. */
export async function startFaultyCampaign(
  space: Parameters<typeof startService>[0],
  faults: FaultPlan,
  overrides: TestGatewayOptions = {},
): Promise<FaultyCampaign> {
  await using starting = new AsyncDisposableStack();
  const service = starting.use(await startService({ ...space, faults }));
  const gateway = await startTestGateway(service.url, {
    upstream: toUpstream(service.url),
    ...overrides,
  });
  starting.defer(() => gateway.stop());
  const running = starting.move();
  return {
    gateway,
    jobs: () => jobsOf(service),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The service at a URL, as a gateway's upstream. */
export function toUpstream(url: string): RemoteUpstream {
  return {
    kind: 'remote',
    identity: 'a test upstream',
    url: new URL(url),
    organization: 'acme',
    apiKey: API_KEY,
    token: { ...CLIENT, kind: 'clientCredentials', imsUrl: url, scopes: ['openid'] },
    administration: { ...ADMIN, kind: 'clientCredentials', imsUrl: url, scopes: ['openid'] },
  };
}

/** All jobs of a service, newest first. */
export async function jobsOf(
  service: Pick<RunningService, 'admin'>,
): Promise<readonly JobOfService[]> {
  const { json } = await service.admin('/jobs?limit=100');
  const { jobs } = json as { jobs: (Omit<JobOfService, 'requestId'> & { requestId: number })[] };
  return jobs.map((job) => ({ ...job, requestId: String(job.requestId) }));
}
