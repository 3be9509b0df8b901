import { afterAll, beforeAll, describe, it } from '@jest/globals';
import {
  type Case,
  padded,
  shared,
  toJson,
  unshared,
  useRepeatedQuestions,
} from './repeated-questions.js';

const { gateway, start, expectAlike } = useRepeatedQuestions();

describe('a repeated question', () => {
  const byUrl = (field: string) =>
    `/graphql?query=%7BingestionRequests%7Bnodes%7B${field}%7D%7D%7D`;

  const cases: Case[] = [
    ['as most clients send it', {}, shared],
    ['with a charset', { type: 'application/json; charset=utf-8' }, shared],
    ['with a charset in capitals', { type: 'application/json;charset=UTF-8' }, shared],
    ['in US-ASCII', { type: 'application/json; charset=us-ascii' }, shared],
    ['in UTF-16', { type: 'application/json; charset=utf-16' }, unshared(415)],
    ['with a type in capitals', { type: 'Application/JSON' }, shared],
    ['of another type', { type: 'text/plain' }, unshared(415)],
    ['of no type', { type: null }, unshared(415)],
    ['of a second type', { more: ['Content-Type: text/plain'] }, shared],
    [
      'of another type first',
      { type: 'text/plain', more: ['Content-Type: application/json'] },
      unshared(415),
    ],
    ['with a header in capitals', { more: ['ACCEPT: application/json'] }, shared],
    ['in chunks', { isChunked: true }, shared],
    ['that says it is not compressed', { more: ['Content-Encoding: identity'] }, shared],
    ['that is compressed', { more: ['Content-Encoding: gzip'] }, unshared(415)],
    ['after a byte order mark', { toBody: (query) => `\ufeff${toJson(query)}` }, shared],
    ['between white space', { toBody: (query) => ` \r\n${toJson(query)}\n` }, shared],
    ['of two lengths', { more: ['Content-Length: 3'] }, unshared(400)],
    ['of a length, and in chunks', { more: ['Transfer-Encoding: chunked'] }, unshared(400)],
    ['that waits to continue', { more: ['Expect: 100-continue'] }, shared],
    ['that expects anything else', { more: ['Expect: 200-ok'] }, unshared(417)],
    ['that offers HTTP/2', { more: ['Connection: Upgrade', 'Upgrade: h2c'] }, shared],
    ['on a connection to be closed', { more: ['Connection: close'] }, shared],
    ['in HTTP/1.0', { line: 'POST /graphql HTTP/1.0' }, shared],
    [
      'in HTTP/1.0, on a connection to be kept',
      { line: 'POST /graphql HTTP/1.0', more: ['Connection: keep-alive'] },
      shared,
    ],
    ['in HTTP/1.0, without a host', { line: 'POST /graphql HTTP/1.0', host: null }, shared],
    ['without a host', { host: null }, unshared(400)],
    ['with two hosts', { more: ['Host: localhost'] }, unshared(400)],
    ['to a foreign host', { host: 'evil.test' }, unshared(421)],
    ['to a whole URL', { line: 'POST http://localhost/graphql HTTP/1.1' }, shared],
    ['to a foreign URL', { line: 'POST http://evil.test/graphql HTTP/1.1' }, unshared(421)],
    ['to a path with a slash at its end', { line: 'POST /graphql/ HTTP/1.1' }, shared],
    ['to a path with a query', { line: 'POST /graphql?a=b HTTP/1.1' }, shared],
    ['from a proxy', { more: ['X-Forwarded-For: 203.0.113.7'] }, unshared(403)],
    ['from a proxy that names itself', { more: ['Via: 1.1 proxy'] }, unshared(403)],
    ['from a foreign page', { more: ['Origin: https://evil.test'] }, unshared(403)],
    ['from an own page', { more: ['Origin: http://localhost'] }, shared],
    ['from an image of a foreign page', { more: ['Sec-Fetch-Site: cross-site'] }, unshared(403)],
    ['that accepts anything', { more: ['Accept: */*'] }, shared],
    ['that accepts GraphQL', { more: ['Accept: application/graphql-response+json'] }, shared],
    [
      'that prefers GraphQL',
      { more: ['Accept: application/json;q=0.5, application/graphql-response+json'] },
      shared,
    ],
    [
      'that accepts JSON in a second header',
      { more: ['Accept: text/html', 'Accept: application/json'] },
      shared,
    ],
    ['that accepts only pages', { more: ['Accept: text/html'] }, unshared(406)],
    ['that accepts a stream', { more: ['Accept: text/event-stream'] }, unshared(200)],
    [
      'that accepts multipart',
      { more: ['Accept: multipart/mixed;subscriptionSpec=1.0, application/json'] },
      unshared(200),
    ],
    ['with a folded header', { more: ['Accept: application/json,', ' */*'] }, unshared(400)],
    ['that accepts Brotli', { more: ['Accept-Encoding: gzip, deflate, br'] }, shared],
    ['that accepts gzip', { more: ['Accept-Encoding: gzip'] }, shared],
    ['that accepts an unknown encoding', { more: ['Accept-Encoding: zstd'] }, shared],
    ['that accepts no encoding', { more: ['Accept-Encoding: identity;q=0'] }, shared],
    [
      'with conditions and a range',
      { more: ['Cookie: a=b', 'Range: bytes=0-3', 'If-None-Match: *'] },
      shared,
    ],
    ['by GET', { line: `GET ${byUrl('requestId')} HTTP/1.1`, toBody: () => '' }, shared],
    ['by HEAD', { line: `HEAD ${byUrl('status')} HTTP/1.1`, toBody: () => '' }, unshared(405)],
    ['by PUT', { line: 'PUT /graphql HTTP/1.1' }, unshared(405)],
    ['that is half a body', { toBody: () => '{"query":' }, unshared(400)],
    ['in Latin-1', { toBody: () => Buffer.from('{"query":"{ ü }"}', 'latin1') }, unshared(400)],
    ['longer than what is compared first', { toBody: padded(17_000) }, unshared(400)],
    ['longer than allowed', { toBody: padded(140_000) }, unshared(413)],
  ];

  beforeAll(() => start(99));
  afterAll(() => gateway.stop());

  it.each(cases)('gets the same answer and counts the same as the first: %s', expectAlike);
});
