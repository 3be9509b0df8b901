import type { FastifyInstance } from 'fastify';
import type { Batch } from './batch.js';
import { type Tenant, toBatchAnswer } from './batch-answer.js';
import type { BatchFilter } from './batch-store.js';
import type { Batches } from './batches.js';
import {
  batchesQuery,
  dataSetsQuery,
  lastBatchesQuery,
  objectQuery,
  parseQuery,
} from './catalog-query.js';
import { toDataSetAnswer } from './dataset-answer.js';
import type { Datasets } from './datasets.js';
import { Problem } from './problem.js';

const CATALOG = '/data/foundation/catalog';

/** What the catalog reports about. */
export interface CatalogOptions {
  readonly batches: Batches;
  readonly datasets: Datasets;
  readonly tenant: Tenant;
}

/** Serve the catalog of batches and datasets. All answers are keyed by ids. */
export function addCatalogRoutes(
  app: FastifyInstance,
  { batches, datasets, tenant }: CatalogOptions,
): void {
  app.get(`${CATALOG}/batches`, async ({ query }) => {
    const { properties, orderBy: order, dataSet, batch, ...rest } = parseQuery(batchesQuery, query);
    const found = batches.list({ ...rest, order, id: batch, dataSetId: dataSet });
    return pick(
      found.map((each) => [each.id, toBatchAnswer(each, tenant)]),
      properties,
    );
  });

  // The second path is an error in Adobe's documentation, which somebody may have followed.
  for (const path of ['batches', 'batch']) {
    app.get<{ Params: { batchId: string } }>(
      `${CATALOG}/${path}/:batchId`,
      async ({ params: { batchId }, query }) => {
        const { properties } = parseQuery(objectQuery, query);
        return pick([[batchId, toBatchAnswer(batches.find(batchId), tenant)]], properties);
      },
    );
  }

  // Clients use either case, and a trailing slash.
  for (const path of ['dataSets', 'datasets', 'dataSets/', 'datasets/']) {
    app.get(`${CATALOG}/${path}`, async ({ query }) => {
      const { name, properties, orderBy, start, limit } = parseQuery(dataSetsQuery, query);
      const found = [...datasets.values()].filter(
        (each) => name === undefined || each.name === name,
      );
      if (orderBy !== undefined) found.sort((a, b) => a.name.localeCompare(b.name));
      if (orderBy === 'desc:name') found.reverse();
      return pick(
        found.slice(start, start + limit).map((each) => [each.id, toDataSetAnswer(each, tenant)]),
        properties,
      );
    });
  }

  for (const path of ['dataSets', 'datasets']) {
    app.get<{ Params: { id: string } }>(
      `${CATALOG}/${path}/:id`,
      async ({ params: { id }, query }) => {
        const { properties } = parseQuery(objectQuery, query);
        const dataset = datasets.get(id);
        if (dataset === undefined) throw new Problem(404, `There is no dataset ${id}`);
        return pick([[id, toDataSetAnswer(dataset, tenant)]], properties);
      },
    );
  }

  app.get(`${CATALOG}/lastBatches`, async ({ query }) => {
    const { properties, start, limit, dataSetId, ...filter } = parseQuery(lastBatchesQuery, query);
    const wanted = dataSetId ?? [...datasets.keys()];
    const found = wanted.flatMap((id) => {
      const answer = lastBatchesOf(batches, id);
      return answer === null ? [] : [[id, { ...answer, ...ownerOf(tenant) }] as const];
    });
    const fitting = found.filter(([, answer]) =>
      Object.entries(filter).every(
        ([name, value]) => value === undefined || Reflect.get(answer, name) === value,
      ),
    );
    return pick(fitting.slice(start, start + limit), properties);
  });
}

function ownerOf({ imsOrg, sandboxId }: Tenant) {
  return { imsOrg, sandboxId };
}

/** Null if the dataset never had a batch. */
function lastBatchesOf(batches: Batches, dataSetId: string): object | null {
  const last = (more: Partial<BatchFilter> = {}): Batch | undefined =>
    batches.list({ dataSetId, order: LATEST_FIRST, limit: 1, start: 0, ...more })[0];
  const batch = last();
  if (batch === undefined) return null;
  const successful = last({ status: 'success' });
  const failed = last({ status: 'failed' });
  return {
    lastBatchId: batch.id,
    lastBatchStatus: batch.status,
    ...(successful === undefined ? {} : { lastSuccessfulBatchId: successful.id }),
    ...(failed === undefined ? {} : { lastFailedBatchId: failed.id }),
    created: batch.createdAt,
    updated: batch.updatedAt,
  };
}

const LATEST_FIRST = [{ field: 'created', direction: 'desc' }] as const;

/** An answer keyed by ids, with only some properties of its objects. */
function pick(
  objects: readonly (readonly [string, object])[],
  properties: readonly string[] | undefined,
): Record<string, object> {
  const picked = objects.map(([id, object]) => {
    const entries = Object.entries(object);
    const wanted = entries.filter(
      ([name]) => properties === undefined || properties.includes(name),
    );
    return [id, Object.fromEntries(wanted)] as const;
  });
  return Object.fromEntries(picked);
}
