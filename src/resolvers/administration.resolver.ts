import { Arg, Authorized, Ctx, Mutation, Resolver } from 'type-graphql';
import type { MappingChange as AskedChange } from '../ingestion/administration.js';
import { checkMayManage, isInScope, type Right } from '../ingestion/caller.js';
import { AdministrationUnavailableError } from '../ingestion/gateway-error.js';
import type { Administration } from '../ingestion/ports.js';
import { parseMappingId } from '../ingestion/request-ref.js';
import { Job } from '../schema/job.js';
import { Mapping } from '../schema/mapping.js';
import {
  JobCancelled,
  JobChange,
  JobChangeRefused,
  MappingChange,
  MappingChanged,
  MappingChangeRefused,
  PublishMappingInput,
} from '../schema/mapping-change.js';
import { ID } from '../schema/scalars.js';
import type { OperationContext } from './operation-context.js';

const NEEDS =
  'Needs the right `mappings:manage`. `ADMINISTRATION_UNAVAILABLE` if the upstream has no administration API; Adobe’s has none.';

/** Mutations with which administrators change mappings and jobs. */
@Resolver()
export class AdministrationResolver {
  constructor(private readonly administration: Administration | null) {}

  @Authorized<Right>('mappings:manage')
  @Mutation(() => MappingChange, {
    description: `Publish a mapping, which also starts it: the scheduler runs it at once. ${NEEDS}`,
  })
  publishMapping(
    @Arg('input', () => PublishMappingInput, { description: 'Which mapping, and from where.' })
    { mappingId, resendFromBeginning }: PublishMappingInput,
    @Ctx() context: OperationContext,
  ): Promise<typeof MappingChange> {
    const change = { kind: 'publish', resendFromBeginning: resendFromBeginning ?? false } as const;
    return this.#change(mappingId, change, context);
  }

  @Authorized<Right>('mappings:manage')
  @Mutation(() => MappingChange, {
    description: `Unpublish a mapping, so that nothing runs it. Refused while a job runs it. ${NEEDS}`,
  })
  unpublishMapping(
    @Arg('mappingId', () => ID, { description: 'The mapping’s id.' }) mappingId: string,
    @Ctx() context: OperationContext,
  ): Promise<typeof MappingChange> {
    return this.#change(mappingId, { kind: 'unpublish' }, context);
  }

  @Authorized<Right>('mappings:manage')
  @Mutation(() => MappingChange, {
    description: `Start a published mapping: the scheduler runs it at once and then regularly. Refused while a job runs it. ${NEEDS}`,
  })
  startMapping(
    @Arg('mappingId', () => ID, { description: 'The mapping’s id.' }) mappingId: string,
    @Ctx() context: OperationContext,
  ): Promise<typeof MappingChange> {
    return this.#change(mappingId, { kind: 'start' }, context);
  }

  @Authorized<Right>('mappings:manage')
  @Mutation(() => MappingChange, {
    description: `Stop a mapping: the scheduler no longer runs it, so \`startIngestion\` may. A running job continues to its end. ${NEEDS}`,
  })
  stopMapping(
    @Arg('mappingId', () => ID, { description: 'The mapping’s id.' }) mappingId: string,
    @Ctx() context: OperationContext,
  ): Promise<typeof MappingChange> {
    return this.#change(mappingId, { kind: 'stop' }, context);
  }

  @Authorized<Right>('mappings:manage')
  @Mutation(() => JobChange, {
    description: `Cancel a job and abort its batch. Its request becomes ABORTED, and is retried if its start asked for that (\`retryOnAbort\`). A started mapping runs again at its next scheduled time. ${NEEDS}`,
  })
  async cancelJob(
    @Arg('jobId', () => ID, { description: 'The job’s id in Campaign.' }) jobId: string,
    @Ctx() { caller, callerKey }: OperationContext,
  ): Promise<typeof JobChange> {
    const { administration } = this;
    if (!administration) throw new AdministrationUnavailableError();
    const job = await administration.job(jobId, callerKey);
    if (!job || !isInScope(caller.mappings, job.mappingId)) {
      return new JobChangeRefused(jobId, 'UNKNOWN_JOB', `There is no job ${jobId}.`);
    }
    const outcome = await administration.cancelJob(job.jobId, callerKey);
    return outcome.kind === 'changed'
      ? new JobCancelled(new Job(outcome.state))
      : new JobChangeRefused(jobId, outcome.reason, outcome.message);
  }

  async #change(
    id: string,
    change: AskedChange,
    { caller, callerKey }: OperationContext,
  ): Promise<typeof MappingChange> {
    const mappingId = parseMappingId(id);
    checkMayManage(caller, mappingId);
    if (!this.administration) throw new AdministrationUnavailableError();
    const outcome = await this.administration.changeMapping(mappingId, change, callerKey);
    return outcome.kind === 'changed'
      ? new MappingChanged(new Mapping(mappingId))
      : new MappingChangeRefused(mappingId, outcome.reason, outcome.message);
  }
}
