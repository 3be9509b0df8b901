import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { type SubscribeMessage, type SubscribePayload, validateMessage } from 'graphql-ws';
import { isNestedTooDeep, MAX_JSON_LEVELS } from '../limits/nesting.js';
import type { OperationParams, OperationTexts } from '../operations/operation-text.js';

/** Requests contain only a path. */
const ANY_HOST = 'http://localhost';

/**
 * Convert an HTTP request for Apollo Server, with the text to be executed: exactly the text that was checked is
 * parsed.
 *
 * @returns the request, or why its operation is not executed
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
  const sent = withoutEmptyName(body);
  const params = method === 'POST' ? toParams(sent) : fromSearch(search);
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
    body: isFinal ? { ...toParams(sent), query, extensions: null } : sent,
  };
}

/**
 * The operation of an HTTP request, in the form of a socket message.
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
    // The library's own check of client input.
    const { payload: checked } = validateMessage({
      id: '1',
      type: 'subscribe',
      payload,
    }) as SubscribeMessage;
    return checked;
  } catch {
    return new GraphQLError(
      'Expected query to be a string. If given, operationName must be a string, and variables and extensions must be objects.',
      { extensions: { code: 'BAD_REQUEST' } },
    );
  }
}

/** From the parameters of a URL, which are all text. */
function paramsOfSearch(search: URLSearchParams): OperationParams {
  const operationName = search.get('operationName');
  const variables = search.get('variables');
  return {
    ...fromSearch(search),
    ...(operationName !== null && { operationName }),
    // Text that is not JSON stays text, and is not an object.
    ...(variables !== null && { variables: parseJson(variables) ?? variables }),
  };
}

/** Some clients send the name of an operation without one as an empty text. */
function withoutEmptyName(body: unknown): unknown {
  const isEmpty = (body as { operationName?: unknown } | null)?.operationName === '';
  return isEmpty ? { ...toParams(body), operationName: null } : body;
}

/**
 * The query of a URL, without the optional parameters that are left empty, as in a form. Null for bytes that are not
 * UTF-8: with U+FFFD they would become an id that nobody asked about.
 */
function toSearch(url: string): URLSearchParams | null {
  const query = URL.parse(url, ANY_HOST)?.search.slice(1);
  try {
    decodeURIComponent(query ?? '');
    const search = new URLSearchParams(query);
    for (const name of ['operationName', 'variables', 'extensions']) search.delete(name, '');
    return search;
  } catch {
    return null;
  }
}

/** Nothing is known about a body that is not an object. Apollo Server tells the client so. */
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
    `A request may have at most ${MAX_JSON_LEVELS} levels of nested lists and objects.`,
    { extensions: { code: 'BAD_REQUEST' } },
  );
}

/** Undefined if it is not JSON. Apollo Server tells the client so. */
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
