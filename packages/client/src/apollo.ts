import type { FieldFunctionOptions, FieldPolicy, Reference, TypePolicies } from '@apollo/client';
import { isReference, relayStylePagination } from '@apollo/client/utilities';
import type { IngestionStatus } from './generated/operations.js';
import generated from './generated/possible-types.js';

/** The types of each interface and union. Without them, Apollo drops the fields `... on StartIngestionFailure`. */
export const possibleTypes: Record<string, string[]> = generated.possibleTypes;

type Member = Reference | object;

/** A page: some clients select edges, others nodes. */
interface Page {
  readonly edges?: readonly { readonly node: Member }[];
  readonly nodes?: readonly Member[];
}

/**
 * Pages are joined to one list. A transition updates its request wherever it is shown. Requests only move forward: a
 * response that a transition has overtaken changes nothing.
 */
export const typePolicies: TypePolicies = {
  Query: {
    fields: {
      ingestionRequests: toPages(['filter']),
      jobs: toPages(['filter']),
      mappings: toPages(['filter']),
    },
  },
  Mapping: { fields: { requests: toPages(['filter']) } },
  Job: { fields: { rejects: toPages(false) } },
  IngestionRequest: {
    fields: {
      transitions: toPages(false),
      status: {
        merge: (known: IngestionStatus | undefined, told: IngestionStatus) =>
          isTerminal(known) ? known : told,
      },
      isTerminal: { merge: (known: boolean | undefined, told: boolean) => known || told },
      lastObservedAt: { merge: toGreater },
      durationMs: { merge: toGreater },
      numRecords: { merge: toKnown },
      batchId: { merge: toKnown },
      finishedAt: { merge: toKnown },
      retriedBy: { merge: toKnown },
      failure: { merge: toKnown },
    },
  },
  Subscription: {
    fields: {
      ingestionStatusChanged: { merge: moveRequest },
      ingestionActivity: { merge: moveRequest },
    },
  },
};

/** Apollo's own policy only handles edges, and repeats a page that is fetched again if it can't find its place. */
function toPages(keyArgs: string[] | false): FieldPolicy {
  const { read, merge } = relayStylePagination(keyArgs);
  if (typeof merge !== 'function')
    throw new TypeError('relayStylePagination has no merge function.');
  return {
    keyArgs,
    ...(read && { read }),
    merge(known: Page | undefined, told: Page | undefined, options) {
      const before = known && told && without(known, told);
      const merged = merge((before ?? known) as never, told as never, options as never);
      if (!told?.nodes) return merged;
      const kept = (options.args?.after && before?.nodes) || [];
      return { ...merged, nodes: [...kept, ...told.nodes] };
    },
  };
}

/** A page without the members of another. */
function without(page: Page, { edges = [], nodes = [] }: Page): Page {
  const others = new Set([...nodes, ...edges.map(({ node }) => node)].map(toRef));
  const isKept = (member: Member) => !isReference(member) || !others.has(toRef(member));
  return {
    ...page,
    ...(page.edges && { edges: page.edges.filter(({ node }) => isKept(node)) }),
    ...(page.nodes && { nodes: page.nodes.filter(isKept) }),
  };
}

function toRef(node: Member): string | null {
  return isReference(node) ? node.__ref : null;
}

function isTerminal(status: IngestionStatus | undefined): boolean {
  return status !== undefined && status !== 'IN_PROGRESS';
}

/** Null means not known yet. */
function toKnown<Value>(known: Value | undefined, told: Value): Value {
  return told ?? known ?? told;
}

/** Instants are strings that sort by time. */
function toGreater<Value extends string | number>(known: Value | undefined, told: Value): Value {
  return known !== undefined && known > told ? known : told;
}

function moveRequest(
  _known: unknown,
  transition: Reference,
  { cache, readField }: FieldFunctionOptions,
): Reference {
  const to = readField<IngestionStatus>('to', transition);
  const request = readField('request', transition);
  if (!to || !isReference(request) || isTerminal(readField('status', request))) return transition;
  const told = (name: string) => (known: unknown) => readField(name, transition) ?? known;
  cache.modify({
    id: request.__ref,
    fields: {
      status: () => to,
      isTerminal: () => isTerminal(to),
      info: told('info'),
      numRecords: told('numRecords'),
      batchId: told('batchId'),
      failure: told('failure'),
    },
  });
  return transition;
}
