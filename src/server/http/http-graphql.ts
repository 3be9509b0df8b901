import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { type SubscribeMessage, type SubscribePayload, validateMessage } from 'graphql-ws';
import { isNestedTooDeep, MAX_JSON_LEVELS } from '../limits/nesting.js';
import type { OperationParams, OperationTexts } from '../operations/operation-text.js';

/** Requests name a path only. */
const ANY_HOST = 'http://localhost';

/**
 * An HTTP request as Apollo Server takes it, with the text in it that is to be run: exactly that one, so that
 * what was checked is what is parsed.
 *
 * @returns the request, or why its operation is not run
 */
export function toGraphQLRequest(
  { method, url, headers }: Pick<FastifyRequest, 'method' | 'url' | 'headers'>,
  body: unknown,
  texts: OperationTexts,
): HTTPGraphQLRequest | GraphQLError {
  const search = toSearch(url);
  if (!search) return badEncoding();
  if (isNestedTooDeep(method === 'POST' ? body : parseJson(search.get('variables')))) {
    return tooDeep();
  }
  const params = method === 'POST' ? toParams(body) : fromSearch(search);
  const found = texts(params);
  if (found instanceof GraphQLError) return found;
  const { query, isFinal } = found;
  if (isFinal && query !== null) {
    search.set('query', query);
    search.delete('extensions');
  }
  return {
    method,
    headers: toHeaderMap(headers),
    search: method === 'POST' ? '' : `?${search}`,
    body: isFinal ? { ...toParams(body), query, extensions: null } : body,
  };
}

/**
 * What an HTTP request asks for, as it comes over a socket.
 *
 * @returns it, or why there is none
 */
export function toPayload(
  { method, url }: Pick<FastifyRequest, 'method' | 'url'>,
  body: unknown,
): SubscribePayload | GraphQLError {
  const search = toSearch(url);
  if (!search) return badEncoding();
  const sent = method === 'POST' ? body : paramsOfSearch(search);
  if (isNestedTooDeep(sent)) return tooDeep();
  const payload = { ...toParams(sent), query: (sent as OperationParams | null)?.query ?? '' };
  try {
    // The library's own check of what a client sends.
    const { payload: checked } = validateMessage({
      id: '1',
      type: 'subscribe',
      payload,
    }) as SubscribeMessage;
    return checked;
  } catch {
    return new GraphQLError(
      'Expected a query as text, and operationName as text, variables and extensions as objects, where they are given.',
      { extensions: { code: 'BAD_REQUEST' } },
    );
  }
}

/** As the parameters of a URL say it, which are all text. */
function paramsOfSearch(search: URLSearchParams): OperationParams {
  const operationName = search.get('operationName');
  const variables = search.get('variables');
  return {
    ...fromSearch(search),
    ...(operationName !== null && { operationName }),
    // What is no JSON is text, and no object.
    ...(variables !== null && { variables: parseJson(variables) ?? variables }),
  };
}

/** Null for bytes that are not UTF-8: as U+FFFD they would make an id that nobody asked about. */
function toSearch(url: string): URLSearchParams | null {
  const query = URL.parse(url, ANY_HOST)?.search.slice(1);
  try {
    decodeURIComponent(query ?? '');
    return new URLSearchParams(query);
  } catch {
    return null;
  }
}

/** Of what is no object nothing is known; Apollo Server says so to the client. */
function toParams(body: unknown): OperationParams {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {};
}

function fromSearch(search: URLSearchParams): OperationParams {
  return {
    query: search.get('query') ?? undefined,
    documentId: search.get('documentId') ?? undefined,
    extensions: parseJson(search.get('extensions')),
  };
}

function badEncoding(): GraphQLError {
  return new GraphQLError('The query of the URL must be percent-encoded UTF-8.', {
    extensions: { code: 'BAD_REQUEST' },
  });
}

function tooDeep(): GraphQLError {
  return new GraphQLError(
    `A request may have at most ${MAX_JSON_LEVELS} levels of lists and objects within each other.`,
    { extensions: { code: 'BAD_REQUEST' } },
  );
}

/** What is no JSON is undefined; Apollo Server says so to the client. */
function parseJson(text: string | null): unknown {
  if (text === null) return undefined;
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
