import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Mappings } from '../mapping/mappings.js';
import { type AccessRules, denialOf } from './access.js';
import type { Role } from './credentials.js';
import type { IngestionRequests } from './ingestion-requests.js';
import {
  CAMPAIGN_ERROR,
  toStartAnswer,
  toStatusAnswer,
  toUnknownMappingAnswer,
} from './protocol.js';
import { parseRequestId } from './request-id.js';

const PATH = '/:organization/campaign/dataIngestion/xdmIngestion/:mappingId/ingest';

interface IngestionPath {
  Params: { organization: string; mappingId: string };
}

/** Serve Campaign's two calls. Every documented answer is sent with 200, even refusals and failures. */
export function addIngestionRoutes(
  app: FastifyInstance,
  {
    access,
    mappings,
    requests,
  }: { access: AccessRules; mappings: Mappings; requests: IngestionRequests },
): void {
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
    return toStartAnswer(mapping.id, requests.start(mapping));
  });

  app.get<IngestionPath>(PATH, reader, async ({ params, query, body }, reply) => {
    const requestId = parseRequestId(query, body);
    if (requestId === null) return sendCampaignError(reply, 400);
    const request = requests.find(params.mappingId, requestId);
    if (request === undefined) return sendCampaignError(reply, 404);
    return toStatusAnswer(request);
  });
}

/** Answer as Campaign does to everything that it has no specific answer for. */
export function sendCampaignError(reply: FastifyReply, httpStatus: number): FastifyReply {
  return reply.code(httpStatus).type('text/plain; charset=utf-8').send(CAMPAIGN_ERROR);
}
