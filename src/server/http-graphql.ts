import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import type { OperationParams, OperationTexts } from './operation-text.js';

/** Requests name a path only. */
const ANY_HOST = 'http://localhost';

/**
 * An HTTP request as Apollo Server takes it, with the text in it that is to be run: exactly that one, so that
 * what was checked is what is parsed.
 *
 * @returns the request, or why its operation is not run
 */
export function toGraphQLRequest(
  { method, url, headers, body }: FastifyRequest,
  texts: OperationTexts,
): HTTPGraphQLRequest | GraphQLError {
  const search = new URLSearchParams(URL.parse(url, ANY_HOST)?.search);
  const params = method === 'POST' ? toParams(body) : fromSearch(search);
  const found = texts(params);
  if (found instanceof GraphQLError) return found;
  const { query, isListed } = found;
  if (isListed && query !== null) {
    search.set('query', query);
    search.delete('extensions');
  }
  return {
    method,
    headers: toHeaderMap(headers),
    search: method === 'POST' ? '' : `?${search}`,
    body: isListed ? { ...toParams(body), query, extensions: null } : body,
  };
}

/** Of what is no object nothing is known; Apollo Server says so to the client. */
function toParams(body: unknown): OperationParams {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
}

function fromSearch(search: URLSearchParams): OperationParams {
  const extensions = search.get('extensions');
  return {
    query: search.get('query') ?? undefined,
    documentId: search.get('documentId') ?? undefined,
    extensions: extensions === null ? undefined : parseJson(extensions),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function toHeaderMap(headers: FastifyRequest['headers']): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) map.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return map;
}
