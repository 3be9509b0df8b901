import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../adobe/clock.js';
import { named } from '../../adobe/http-server.js';
import { bearerTokenOf, CredentialsUnreadableError, type TokenIssuer } from '../../adobe/ims.js';
import type { Logger } from '../../adobe/logger.js';
import type { Jobs } from '../jobs/jobs.js';
import { everyMsOf } from '../jobs/scheduler.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Mappings } from '../mapping/mappings.js';
import { readRejects, rejectFilePath } from '../run/reject-file.js';
import type { Job } from '../state/job.js';
import { type ChangeOutcome, changeMapping, type MappingChange } from '../state/mapping-state.js';
import type { State } from '../state/state.js';
import {
  type JobAnswer,
  toJobAnswer,
  toMappingAnswer,
  toRejectAnswer,
} from './administration-answers.js';
import {
  AdministrationInputError,
  parseJobFilter,
  parseJobId,
  parsePublication,
  parseRejectPage,
} from './administration-input.js';
import type { Client } from './credentials.js';

/** What the administration API needs. */
export interface AdministrationParts {
  readonly mappings: Mappings;
  readonly state: State;
  readonly jobs: Pick<Jobs, 'progressOf' | 'cancel'>;
  readonly rejectsDir: string;
  readonly tokens: Pick<TokenIssuer<Client>, 'clientOf'>;
  readonly runIntervalMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called after each change of a mapping, because there may be something to run. */
  readonly onChanged: () => void;
}

interface IdPath {
  Params: { id: string };
}

/**
 * Serve the administration API under `/admin`: mappings, changes to them, and jobs. Every error is
 * `{"code","message"}`.
 */
export function addAdministrationRoutes(app: FastifyInstance, parts: AdministrationParts): void {
  const { mappings, state, jobs, rejectsDir, tokens, clock, logger, onChanged } = parts;

  function answerOf(job: Job): JobAnswer {
    return toJobAnswer(job, jobs.progressOf(job.id));
  }

  function viewOf(mapping: Mapping) {
    const lastJob = state.jobs.lastOf(mapping.id);
    return toMappingAnswer(mapping, state.mappings.stateOf(mapping.id), {
      runIntervalMs: everyMsOf(mapping, parts),
      watermark: state.watermarks.acceptedMarkerOf(mapping.id),
      lastJob: lastJob && answerOf(lastJob),
    });
  }

  function change(id: string, asked: MappingChange, reply: FastifyReply): unknown {
    const mapping = mappings.get(id);
    if (mapping === undefined) return unknownMapping(reply, id);
    const outcome = writeChange(id, asked, state, clock.now());
    if (outcome.kind === 'refused') {
      return refuse(reply, 409, outcome.code, `Mapping ${id} ${outcome.why}.`);
    }
    logger.info({ mappingId: id, change: asked, state: outcome.state }, 'a mapping was changed');
    onChanged();
    return viewOf(mapping);
  }

  app.register(
    named('administration', async (admin) => {
      admin.addHook('onRequest', async (request, reply) => letIn(tokens, request, reply));
      admin.setNotFoundHandler((_request, reply) =>
        refuse(
          reply,
          404,
          'NOT_FOUND',
          'There is nothing here: docs/campaign-service.md lists the calls.',
        ),
      );
      admin.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
        if (error instanceof AdministrationInputError) {
          return refuse(reply, 400, 'BAD_INPUT', `${error.message}.`);
        }
        if ((error.statusCode ?? 500) < 500) {
          return refuse(reply, error.statusCode ?? 400, 'BAD_INPUT', `${error.message}.`);
        }
        logger.error({ err: error, route: request.routeOptions.url }, 'a call failed');
        return refuse(reply, 500, 'FAULT', 'The service failed. Its log has the details.');
      });

      admin.get('/mappings', async () => ({ mappings: [...mappings.values()].map(viewOf) }));
      admin.get<IdPath>('/mappings/:id', async ({ params: { id } }, reply) => {
        const mapping = mappings.get(id);
        return mapping === undefined ? unknownMapping(reply, id) : viewOf(mapping);
      });
      admin.post<IdPath>('/mappings/:id/publish', async ({ params, body }, reply) =>
        change(params.id, { kind: 'publish', ...parsePublication(body) }, reply),
      );
      for (const kind of ['unpublish', 'start', 'stop'] as const) {
        admin.post<IdPath>(`/mappings/:id/${kind}`, async ({ params }, reply) =>
          change(params.id, { kind }, reply),
        );
      }

      admin.get('/jobs', async ({ query }) => {
        const filter = parseJobFilter(query);
        // One more than requested shows whether there is another page.
        const found = state.jobs.list({ ...filter, limit: filter.limit + 1 });
        const page = found.slice(0, filter.limit);
        const next = found.length > page.length ? page.at(-1)?.id : null;
        return { jobs: page.map(answerOf), next };
      });
      admin.get<IdPath>('/jobs/:id', async ({ params }, reply) => {
        const job = state.jobs.find(parseJobId(params.id));
        return job === null ? unknownJob(reply, params.id) : answerOf(job);
      });
      admin.get<IdPath>('/jobs/:id/rejects', async ({ params, query }, reply) => {
        const jobId = parseJobId(params.id);
        const { after, limit } = parseRejectPage(query);
        if (state.jobs.find(jobId) === null) return unknownJob(reply, params.id);
        const found = await readRejects(rejectFilePath(rejectsDir, jobId), after, limit + 1);
        const rejects = found.slice(0, limit).map(toRejectAnswer);
        return { rejects, next: found.length > limit ? after + limit : null };
      });
      admin.post<IdPath>('/jobs/:id/cancel', async ({ params }, reply) => {
        const jobId = parseJobId(params.id);
        if (state.jobs.find(jobId) === null) return unknownJob(reply, params.id);
        const outcome = await jobs.cancel(jobId);
        const job = state.jobs.find(jobId);
        if (outcome === 'cancelled' && job) return answerOf(job);
        logger.info({ jobId, outcome }, 'a job was not cancelled');
        return outcome === 'whole'
          ? refuse(
              reply,
              409,
              'BATCH_WHOLE',
              `The batch of job ${jobId} is whole: Platform has it.`,
            )
          : refuse(reply, 409, 'JOB_OVER', `Job ${jobId} is over.`);
      });
    }),
    { prefix: '/admin' },
  );
}

/** Change the state of a mapping, if that makes sense now: completely or not at all. */
function writeChange(id: string, change: MappingChange, state: State, now: number): ChangeOutcome {
  return state.transaction(() => {
    const runningJobId = state.jobs.runningOf(id)?.id ?? null;
    const outcome = changeMapping(state.mappings.stateOf(id), change, { runningJobId, now });
    if (outcome.kind === 'refused') return outcome;
    state.mappings.setState(id, outcome.state);
    if (change.kind === 'publish' && change.resendFromBeginning) {
      state.watermarks.forget(id);
      state.jobs.noteDecided(id);
    }
    return outcome;
  });
}

/** Refuses callers without a token of a client with the role of administration. */
function letIn(
  tokens: Pick<TokenIssuer<Client>, 'clientOf'>,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  const token = bearerTokenOf(headers.authorization ?? '');
  try {
    const client = token === null ? null : tokens.clientOf(token);
    if (client === null) {
      reply.header('www-authenticate', 'Bearer');
      return refuse(
        reply,
        401,
        'UNAUTHENTICATED',
        'A valid token is needed: Authorization: Bearer …',
      );
    }
    if (client.roles.includes('administration')) return undefined;
    const needed = `Client ${client.clientId} does not have the role "administration".`;
    return refuse(reply, 403, 'FORBIDDEN', needed);
  } catch (error) {
    if (!(error instanceof CredentialsUnreadableError)) throw error;
    return refuse(reply, 503, 'CREDENTIALS_UNREADABLE', 'Permissions cannot be looked up now.');
  }
}

function unknownJob(reply: FastifyReply, id: string): FastifyReply {
  return refuse(reply, 404, 'UNKNOWN_JOB', `There is no job ${id}.`);
}

function unknownMapping(reply: FastifyReply, id: string): FastifyReply {
  return refuse(reply, 404, 'UNKNOWN_MAPPING', `There is no mapping ${id}.`);
}

function refuse(
  reply: FastifyReply,
  httpStatus: number,
  code: string,
  message: string,
): FastifyReply {
  return reply.code(httpStatus).send({ code, message });
}
