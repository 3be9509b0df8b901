import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyChar } from '../support/any-char.js';
import { statusAnswers } from '../support/campaign-answers.js';
import { STATUS, useOddBytesGateway } from '../support/odd-bytes-gateway.js';

const gateway = useOddBytesGateway();
const { ask, post } = gateway;

const SEED = 20_263;

describe('a client’s unusual input', () => {
  it('is refused if it is an id that JSON would round, and no other is asked about', async () => {
    for (const id of ['9007199254740993', '-9007199254740993', '1e21', '1e400', '4.5']) {
      const { errors } = await post(
        `{"query":${JSON.stringify(STATUS)},"variables":{"m":"XDM44","r":${id}}}`,
      );
      expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    }
    const { errors } = await post(
      `{"query":${JSON.stringify(STATUS)},"variables":{"m":9007199254740993,"r":"1"}}`,
    );
    expect(errors[0].message).toContain(
      'An ID beyond 2^53 loses digits as a JSON number: send it as a string.',
    );
    expect(gateway.asked).toEqual([]);
    await ask('{ ingestionStatus(mappingId: "XDM44", requestId: 9007199254740993) { status } }');
    expect(gateway.asked).toEqual(['9007199254740993']);
  });

  it('is asked about as meant or refused, for any id', async () => {
    const number = fc.oneof(
      fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
      fc.integer().map((n) => `${n}.0`),
      fc.tuple(fc.integer(), fc.integer({ min: 0, max: 30 })).map(([n, e]) => `${n}e${e}`),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    );
    const text = fc.oneof(
      fc.string({ unit: anyChar, minLength: 1, maxLength: 12 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map((t) => t.normalize('NFD')),
      fc.constantFrom('007', ' 7 ', '\u0000', '\ud800', '7\u0085', 'x'.repeat(256), '', '1e3'),
    );
    const odd = fc.oneof(
      number,
      text.map((t) => JSON.stringify(t)),
      fc.json({ maxDepth: 1 }),
    );
    await fc.assert(
      fc.asyncProperty(odd, async (literal) => {
        gateway.asked = [];
        const variables = `{"m":"XDM44","r":${literal}}`;
        const { errors } = await post(
          `{"query":${JSON.stringify(STATUS)},"variables":${variables}}`,
        );
        const meant: unknown = literal.startsWith('"') ? JSON.parse(literal) : toExact(literal);
        if (errors) {
          expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
          expect(gateway.asked).toEqual([]);
        } else if (gateway.asked.length > 0) expect(gateway.asked).toEqual([meant]);
      }),
      { numRuns: 60, seed: SEED },
    );
  });

  it.each([
    [
      'an impossible caller',
      'ingestionRequests(filter: { startedBy: "\\u0000" }) { nodes { id } }',
    ],
    [
      'a caller with half a character',
      'ingestionRequests(filter: { startedBy: "\\ud800" }) { nodes { id } }',
    ],
    [
      'an impossible mapping',
      'ingestionRequests(filter: { mappingIds: ["\\u0000"] }) { nodes { id } }',
    ],
    [
      'a leap second',
      'ingestionRequests(filter: { observedAfter: "2016-12-31T23:59:60Z" }) { nodes { id } }',
    ],
    [
      'an impossible day',
      'ingestionRequests(filter: { observedBefore: "2026-02-30T00:00:00Z" }) { nodes { id } }',
    ],
    ['an impossible key', 'ingestionStatus(mappingId: "a\\u0000", requestId: 1) { id }'],
  ])('is refused: %s', async (_, field) => {
    const { errors } = await ask(`{ ${field} }`);
    expect(errors[0].extensions.code).toMatch(
      /^(BAD_USER_INPUT|GRAPHQL_VALIDATION_FAILED|GRAPHQL_PARSE_FAILED)$/,
    );
  });

  it.each([
    ['ingestionRequests', 'statuses'],
    ['ingestionRequests', 'mappingIds'],
    ['jobs', 'statuses'],
    ['jobs', 'mappingIds'],
  ])('is refused if it is an empty list: of %s, %s', async (field, list) => {
    const { errors } = await ask(`{ ${field}(filter: { ${list}: [] }) { nodes { id } } }`);
    expect(errors).toMatchObject([
      {
        message: `${list} must not be empty. Leave it out for all.`,
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  const query = '{ ingestionStatus(mappingId: "Größe", requestId: 1) { status } }';
  const body = JSON.stringify({ query });
  it.each([
    ['a byte order mark', Buffer.from(`\ufeff${body}`)],
    ['UTF-16', Buffer.from(`\ufeff${body}`, 'utf16le')],
  ])('is read if the body has %s', async (_, bytes) => {
    gateway.answerTo = () => ({
      bytes: Buffer.from(JSON.stringify(statusAnswers.success('Größe', 1))),
    });
    expect(await post(bytes)).toMatchObject({ data: { ingestionStatus: { status: 'SUCCESS' } } });
  });

  it('is refused in another encoding, and no other id is asked about', async () => {
    expect(await post(Buffer.from(body, 'latin1'))).toMatchObject({
      httpStatus: 400,
      errors: [{ message: 'The body must be JSON in UTF-8.', extensions: { code: 'BAD_REQUEST' } }],
    });
    const response = await fetch(`${gateway.url}/graphql?query=${escape(query)}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      errors: [{ message: 'The query of the URL must be percent-encoded UTF-8.' }],
    });
    expect(gateway.asked).toEqual([]);
  });
});

/** The digits of a JSON number that is an integer; null for others. */
function toExact(literal: string): string | null {
  const match = /^(-?\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(literal);
  if (!match) return null;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return String(digits * 10n ** BigInt(shift));
  return digits % 10n ** BigInt(-shift) === 0n ? String(digits / 10n ** BigInt(-shift)) : null;
}
