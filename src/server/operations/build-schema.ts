import 'reflect-metadata';
import type { GraphQLSchema } from 'graphql';
import { type AuthCheckerFn, buildSchema, type PubSub } from 'type-graphql';
import { checkRight, type Right } from '../../ingestion/caller.js';
import type { Administration, Clock, IngestionLog, Watches } from '../../ingestion/ports.js';
import type { StartIngestion } from '../../ingestion/start-ingestion.js';
import { AdministrationResolver } from '../../resolvers/administration.resolver.js';
import { EndWatchResolver } from '../../resolvers/end-watch.resolver.js';
import { HistoryResolver } from '../../resolvers/history.resolver.js';
import { IngestionRequestResolver } from '../../resolvers/ingestion-request.resolver.js';
import { IngestionStatusResolver } from '../../resolvers/ingestion-status.resolver.js';
import { IngestionTransitionResolver } from '../../resolvers/ingestion-transition.resolver.js';
import { JobResolver } from '../../resolvers/job.resolver.js';
import { MappingResolver } from '../../resolvers/mapping.resolver.js';
import type { OperationContext } from '../../resolvers/operation-context.js';
import { StartIngestionResolver } from '../../resolvers/start-ingestion.resolver.js';
import { SubscriptionResolver } from '../../resolvers/subscription.resolver.js';
import { ViewerResolver } from '../../resolvers/viewer.resolver.js';

/** What the resolvers call. */
export interface Domain {
  readonly startIngestion: StartIngestion;
  readonly log: IngestionLog;
  readonly watches: Watches;
  /** Null if the upstream has no administration API, or none is configured. */
  readonly administration: Administration | null;
  readonly clock: Clock;
  /** The longest delay between two polls, in ms. */
  readonly pollMaxMs: number;
}

/** TypeGraphQL requires one for any subscription, although each opens its own stream. */
const noPubSub: PubSub = {
  publish: () => {},
  subscribe: () => {
    throw new Error('Every subscription opens its own stream.');
  },
};

/** Throws, because a subscription for which it returned false would not get our error. */
const checkRights: AuthCheckerFn<OperationContext, Right> = ({ context }, needed) => {
  for (const right of needed) checkRight(context.caller, right);
  return true;
};

/**
 * The executable schema, with resolvers bound to the domain.
 *
 * @param isSubgraph - whether it is part of an Apollo federation
 */
export async function buildGatewaySchema(
  domain: Domain,
  isSubgraph = false,
): Promise<GraphQLSchema> {
  const mappings = new MappingResolver(domain.log);
  const jobs = new JobResolver(domain.administration);
  const status = new IngestionStatusResolver(domain, domain.log, mappings, jobs);
  const resolvers = [
    status,
    new StartIngestionResolver(domain.startIngestion),
    new HistoryResolver(domain.log),
    new IngestionRequestResolver(domain.log, domain.watches, domain.clock),
    new IngestionTransitionResolver(),
    mappings,
    jobs,
    new AdministrationResolver(domain.administration),
    new EndWatchResolver(domain.watches),
    new SubscriptionResolver(),
    new ViewerResolver(),
  ];
  const resolverOf = new Map<unknown, object>(
    resolvers.map((resolver) => [resolver.constructor, resolver]),
  );
  const schema = await buildSchema({
    resolvers: [...resolverOf.keys()] as [NewableFunction],
    container: { get: (resolver: unknown) => resolverOf.get(resolver) },
    pubSub: noPubSub,
    authChecker: checkRights,
    // The domain validates; there are no class-validator decorators to run.
    validate: false,
    // It would run a whole introspection query. Apollo Server checks the schema anyway.
    skipCheck: true,
  });
  // TypeGraphQL has no place for these descriptions.
  for (const [root, description] of [
    [schema.getQueryType(), 'All queries.'],
    [schema.getMutationType(), 'All mutations.'],
    [schema.getSubscriptionType(), 'All subscriptions, over WebSocket or as streams over HTTP.'],
  ] as const) {
    if (root) root.description = description;
  }
  if (!isSubgraph) return schema;
  // Few need its libraries, which take a moment to import.
  const { toSubgraphSchema } = await import('./subgraph-schema.js');
  return toSubgraphSchema(schema, (id, context) => {
    checkRight(context.caller, 'ingestion:read');
    return status.node(id, context);
  });
}
