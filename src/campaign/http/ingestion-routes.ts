import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Jobs } from '../jobs/jobs.js';
import type { Mapping } from '../mapping/mapping.js';
import type { Mappings } from '../mapping/mappings.js';
import type { State } from '../state/state.js';
import { type AccessRules, denialOf } from './access.js';
import type { Role } from './credentials.js';
import {
  CAMPAIGN_ERROR,
  type StartOutcome,
  toStartAnswer,
  toStatusAnswer,
  toUnknownMappingAnswer,
} from './protocol.js';
import { parseRequestId } from './request-id.js';

const PATH = '/:organization/campaign/dataIngestion/xdmIngestion/:mappingId/ingest';

interface IngestionPath {
  Params: { organization: string; mappingId: string };
}

/** What the two calls need. */
export interface IngestionParts {
  readonly access: AccessRules;
  readonly mappings: Mappings;
  readonly state: State;
  readonly jobs: Pick<Jobs, 'start'>;
}

/** Serve Campaign's two calls. Every documented answer is sent with 200, even refusals and failures. */
export function addIngestionRoutes(app: FastifyInstance, parts: IngestionParts): void {
  const { access, mappings, state } = parts;
  /** Lets in clients with the role, or any client with a token if it is null. */
  const letIn =
    (role: Role | null) => async (request: FastifyRequest<IngestionPath>, reply: FastifyReply) => {
      const denied = denialOf(access, request.headers, request.params.organization, role);
      if (denied === null) return;
      if (denied.retryAfterS !== null) reply.header('retry-after', denied.retryAfterS);
      return reply.code(denied.httpStatus).send(denied.body);
    };
  const starter = { preHandler: letIn('sqlFunctionExecution') };
  const reader = { preHandler: letIn(null) };

  // The content of a POST is ignored, because its documentation shows no body.
  app.post<IngestionPath>(PATH, starter, async ({ params }, reply) => {
    const mapping = mappings.get(params.mappingId);
    if (mapping === undefined)
      return reply.code(404).send(toUnknownMappingAnswer(params.mappingId));
    return toStartAnswer(mapping.id, start(mapping, parts));
  });

  app.get<IngestionPath>(PATH, reader, async ({ params, query, body }, reply) => {
    const requestId = parseRequestId(query, body);
    if (requestId === null) return sendCampaignError(reply, 400);
    const jobId = state.requests.jobIdOf(requestId);
    const job = jobId === null ? null : state.jobs.find(jobId);
    if (job?.mappingId !== params.mappingId) return sendCampaignError(reply, 404);
    return toStatusAnswer(requestId, job);
  });
}

/**
 * Start a run of the mapping, unless one is running or the mapping can't be triggered.
 *
 * @throws the database's error; nothing was started
 */
function start(mapping: Mapping, { state, jobs }: IngestionParts): StartOutcome {
  const { publication, execution } = state.mappings.stateOf(mapping.id);
  if (publication === 'unpublished') return { kind: 'notPublished' };
  if (execution === 'started') return { kind: 'notStopped' };
  const running = state.jobs.runningOf(mapping.id);
  const { requestId } = running ?? jobs.start(mapping, true).job;
  // The scheduler's last run continues after the mapping was stopped. Until it ends, the mapping counts as not
  // stopped.
  if (requestId === null) return { kind: 'notStopped' };
  return { kind: running === null ? 'submitted' : 'alreadyInProgress', requestId };
}

/** Answer as Campaign does to everything that it has no specific answer for. */
function sendCampaignError(reply: FastifyReply, httpStatus: number): FastifyReply {
  return reply.code(httpStatus).type('text/plain; charset=utf-8').send(CAMPAIGN_ERROR);
}
