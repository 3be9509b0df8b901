import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputField,
  isInputObjectType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import { anyChar } from '../support/any-char.js';
import { startAnswers, statusAnswers } from '../support/campaign-answers.js';
import { askSocket, openSocket } from '../support/raw-socket.js';
import {
  type RecordedCall,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.js';
import { startTestGateway, type TestGateway } from '../support/test-gateway.js';

const SEED = 20_263;

let upstream: ScriptedUpstream;
let gateway: TestGateway;
/** Each start is answered with another id. */
let lastStartedId = 0;
/** What the upstream answers, by the request that it is asked about; null for a start. */
let answerTo: (requestId: string | null) => { bytes: Buffer; type?: string };
/** About which requests of this mapping it was asked since the running test began. */
let asked: string[];
let mappingOfAsked: string;

beforeAll(async () => {
  upstream = await startScriptedUpstream();
  upstream.otherwise((response, call) => {
    const requestId = requestIdOf(call);
    if (requestId !== null && mappingIdOf(call) === mappingOfAsked) asked.push(requestId);
    const { bytes, type = 'application/json' } = answerTo(requestId);
    response.writeHead(200, { 'content-type': type }).end(bytes);
  });
  // Nothing is polled but what a test asks about.
  gateway = await startTestGateway(upstream.url, { pollMinMs: 60_000, pollMaxMs: 60_000 });
});

beforeEach(() => {
  asked = [];
  mappingOfAsked = 'XDM44';
  answerTo = (requestId) => {
    const answer =
      requestId === null
        ? startAnswers.submitted('XDM44', toNextId())
        : statusAnswers.success('XDM44', requestId);
    return { bytes: Buffer.from(JSON.stringify(answer)) };
  };
});

afterAll(async () => {
  await gateway.stop();
  await upstream.close();
});

function toNextId(): number {
  lastStartedId += 1;
  return lastStartedId;
}

function requestIdOf({ method, rawPath }: RecordedCall): string | null {
  return method === 'POST' ? null : new URL(rawPath, 'http://host').searchParams.get('requestId');
}

function mappingIdOf({ rawPath }: RecordedCall): string {
  return decodeURIComponent(rawPath.split('/')[5] ?? '');
}

/** Send a body as it stands. */
async function post(body: string | Uint8Array, type = 'application/json') {
  const headers = { 'content-type': type };
  const response = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
  const text = await response.text();
  expect(text).not.toContain('INTERNAL_SERVER_ERROR');
  return { httpStatus: response.status, ...JSON.parse(text) };
}

const ask = (query: string, variables: unknown = {}) => post(JSON.stringify({ query, variables }));

const STATUS =
  'query($m: ID!, $r: ID!) { ingestionStatus(mappingId: $m, requestId: $r, maxAgeMs: 0) { requestId status numRecords batchId } }';

describe('null', () => {
  const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
  const withDefault = Object.values(schema.getTypeMap()).flatMap((type) => {
    const fields: readonly (GraphQLField<unknown, unknown> | GraphQLInputField)[] =
      isInputObjectType(type) || isObjectType(type) ? Object.values(type.getFields()) : [];
    return fields
      .flatMap((field) =>
        ('args' in field ? field.args : [field]).map((input) => ({ field, input })),
      )
      .filter(({ input }) => !type.name.startsWith('__') && input.defaultValue !== undefined)
      .map(({ field, input }) => ({
        name: [type.name, ...new Set([field.name, input.name])].join('.'),
        isNullable: !isNonNullType(input.type),
      }));
  });

  /** The operation with its argument as it is given here, which may be not at all. */
  const operations: Record<string, (value: string | null) => string> = {
    'Query.ingestionRequests.first': (value) =>
      `ingestionRequests(filter: null, after: null ${given('first', value)}) { pageInfo { hasNextPage } }`,
    'Query.mappings.first': (value) =>
      `mappings(after: null ${given('first', value)}) { pageInfo { hasNextPage } }`,
    'Query.jobs.first': (value) =>
      `jobs(filter: null, after: null ${given('first', value)}) { pageInfo { hasNextPage } }`,
    'Mapping.requests.first': (value) =>
      `mapping(mappingId: "XDM44") { requests(filter: null, after: null ${given('first', value)}) { pageInfo { hasNextPage } } }`,
    'Job.rejects.first': (value) =>
      `jobs { nodes { rejects(after: null ${given('first', value)}) { pageInfo { hasNextPage } } } }`,
    'IngestionRequest.transitions.first': (value) =>
      `ingestionStatus(mappingId: "XDM44", requestId: "7", maxAgeMs: null) { transitions(after: null ${given('first', value)}) { nodes { to } } }`,
    'StartIngestionInput.retryOnAbort': (value) =>
      `startIngestion(input: { mappingId: "XDM44", idempotencyKey: null ${given('retryOnAbort', value)} }) { __typename }`,
  };
  const given = (name: string, value: string | null) => (value === null ? '' : `${name}: ${value}`);

  it('is the default of every argument that has one', () => {
    expect(withDefault.filter(({ isNullable }) => !isNullable)).toEqual([]);
    // Of publishing administration.test.ts tells, in front of a service that has it.
    const others = withDefault.filter(({ name }) => !name.startsWith('PublishMappingInput'));
    expect(others.map(({ name }) => name).sort()).toEqual(Object.keys(operations).sort());
  });

  it.each(Object.keys(operations))('is the default of %s', async (name) => {
    const field = operations[name] as (value: string | null) => string;
    const type = name.startsWith('StartIngestionInput') ? 'mutation' : 'query';
    const leftOut = await ask(`${type} { ${field(null)} }`);
    expect(leftOut.errors).toBeUndefined();
    expect(await ask(`${type} { ${field('null')} }`)).toEqual(leftOut);
    expect(await ask(`${type} ($n: Int) { ${field('$n')} }`, { n: null })).toEqual(leftOut);
    expect(await ask(`${type} ($n: Int = 3) { ${field('$n')} }`, { n: null })).toEqual(leftOut);
  });

  it.each([
    ['an argument', '($m: ID = "XDM44") { ingestionStatus(mappingId: $m, requestId: 7) { id } }'],
    [
      'an item',
      '($m: ID = "XDM44") { ingestionRequests(filter: { mappingIds: [$m] }) { nodes { id } } }',
    ],
    [
      'a field of an input',
      '($m: ID = "X") { ingestionStatuses(requests: [{ mappingId: $m, requestId: 7 }]) { id } }',
    ],
    ['a directive', '($m: Boolean = true) { ingestionRequests @skip(if: $m) { nodes { id } } }'],
  ])('is refused for a variable of %s that must not be null', async (_, operation) => {
    const { errors } = await ask(`query ${operation}`, { m: null });
    expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    const socket = await openSocket(gateway.url);
    expect(
      await askSocket(socket, { query: `query ${operation}`, variables: { m: null } }),
    ).toMatchObject({
      errors: [{ extensions: { code: 'BAD_USER_INPUT' } }],
    });
  });
});

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
    expect(asked).toEqual([]);
    await ask('{ ingestionStatus(mappingId: "XDM44", requestId: 9007199254740993) { status } }');
    expect(asked).toEqual(['9007199254740993']);
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
        asked = [];
        const variables = `{"m":"XDM44","r":${literal}}`;
        const { errors } = await post(
          `{"query":${JSON.stringify(STATUS)},"variables":${variables}}`,
        );
        const meant: unknown = literal.startsWith('"') ? JSON.parse(literal) : toExact(literal);
        if (errors) {
          expect(errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
          expect(asked).toEqual([]);
        } else if (asked.length > 0) expect(asked).toEqual([meant]);
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

  it('matches nothing if it is an empty list of statuses', async () => {
    const { data } = await ask('{ ingestionRequests(filter: { statuses: [] }) { nodes { id } } }');
    expect(data).toEqual({ ingestionRequests: { nodes: [] } });
  });

  const query = '{ ingestionStatus(mappingId: "Größe", requestId: 1) { status } }';
  const body = JSON.stringify({ query });
  it.each([
    ['a byte order mark', Buffer.from(`\ufeff${body}`)],
    ['UTF-16', Buffer.from(`\ufeff${body}`, 'utf16le')],
  ])('is read if the body has %s', async (_, bytes) => {
    answerTo = () => ({ bytes: Buffer.from(JSON.stringify(statusAnswers.success('Größe', 1))) });
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
    expect(asked).toEqual([]);
  });
});

describe('an upstream’s unusual answer', () => {
  const blank = fc.constantFrom('', ' ', '\n', '\t');
  const statusText = fc
    .record({
      status: fc.constantFrom('Success', 'In Progress', 'Failed', 'Aborted'),
      form: fc.constantFrom<(text: string) => string>(
        (text) => text,
        (text) => text.toUpperCase(),
        (text) => text.toLowerCase(),
        (text) => text.replace(' ', '_'),
        (text) => text.replace(' ', ''),
      ),
      before: blank,
      after: blank,
    })
    .map(({ status, form, before, after }) => ({
      text: `${before}${form(status)}${after}`,
      status: status.replace(' ', '_').toUpperCase(),
    }));
  const anything = fc.json({ maxDepth: 1 });
  const count = fc.oneof(
    fc.nat().map((n) => ({ literal: `${n}`, told: n as number | null })),
    fc.nat().map((n) => ({ literal: `"${n}"`, told: n })),
    fc.nat().map((n) => ({ literal: `${n}.0`, told: n })),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }).map((n) => ({ literal: `"${n}"`, told: null })),
    fc
      .constantFrom('null', '-1', '"many"', '1e400', '[1]', '')
      .map((literal) => ({ literal, told: null })),
  );
  const encoding = fc.constantFrom<(text: string) => { bytes: Buffer; type?: string }>(
    (text) => ({ bytes: Buffer.from(text) }),
    (text) => ({ bytes: Buffer.from(`\ufeff${text}`) }),
    (text) => ({ bytes: Buffer.from(`\ufeff${text}`, 'utf16le') }),
    (text) => ({ bytes: Buffer.from(text), type: 'text/plain; charset=iso-8859-1' }),
    (text) => ({ bytes: Buffer.from(text, 'latin1'), type: 'application/json; charset=latin1' }),
  );
  const mapping = fc.constantFrom<(id: string) => string>(
    (id) => id,
    (id) => id.normalize('NFC'),
    (id) => id.toUpperCase(),
    (id) => id.trim(),
  );

  it('is accepted if its status is readable, whatever else it contains', async () => {
    const mappingId = 'Kunden-Gr\u00f6\u00dfe';
    let nextId = 100;
    await fc.assert(
      fc.asyncProperty(
        fc.record({ statusText, count, encoding, mapping, batch: anything, other: anything }),
        fc.boolean(),
        async ({ statusText: { text, status }, count: { literal, told }, ...odd }, isIdText) => {
          const requestId = String(nextId++);
          const fields = [
            `"status":${JSON.stringify(text)}`,
            `"requestId":${isIdText ? `"${requestId}"` : requestId}`,
            `"info":${JSON.stringify(`Mapping Id: ${odd.mapping(mappingId)}. `)}`,
            ...(literal === '' ? [] : [`"numRecords":${literal}`]),
            `"batchId":${odd.batch}`,
            `"other":${odd.other}`,
          ];
          answerTo = () => odd.encoding(`{${fields.join()}}`);
          const { data, errors } = await ask(STATUS, { m: mappingId, r: requestId });
          expect(errors).toBeUndefined();
          expect(data.ingestionStatus).toMatchObject({
            requestId,
            status,
            numRecords: status === 'SUCCESS' ? told : null,
          });
        },
      ),
      { numRuns: 60, seed: SEED },
    );
  });

  it('identifies a start by its id, and by no other', async () => {
    const START =
      'mutation($m: ID!) { startIngestion(input: { mappingId: $m }) { ... on IngestionSubmitted { request { requestId } } ... on StartIngestionError { code } } }';
    const id = fc.oneof(
      fc
        .bigInt({ min: 0n, max: 2n ** 80n })
        .map((n) => ({ literal: `${n}`, meant: `${n}` as string | null })),
      fc.bigInt({ min: 0n, max: 2n ** 80n }).map((n) => ({ literal: `"0${n}"`, meant: `0${n}` })),
      fc.nat().map((n) => ({ literal: `${n}.0`, meant: `${n}` })),
      fc
        .nat({ max: 1_000 })
        .map((n) => ({ literal: `${n}e3`, meant: `${n === 0 ? 0 : `${n}000`}` })),
      fc
        .constantFrom('null', '-1', '1.5', '9.007199254740993e15', '""', '{}', '"\ufffd"')
        .map((literal) => ({
          literal,
          meant: null,
        })),
    );
    let nextId = 1;
    await fc.assert(
      fc.asyncProperty(id, encoding, async ({ literal, meant }, encode) => {
        mappingOfAsked = `Start ${nextId++}`;
        asked = [];
        answerTo = (requestId) =>
          requestId === null
            ? encode(`{"status":"Success","requestId":${literal},"info":null}`)
            : encode(JSON.stringify(statusAnswers.success(mappingOfAsked, requestId)));
        const { data } = await ask(START, { m: mappingOfAsked });
        if (meant === null) {
          expect(data.startIngestion).toEqual({ code: 'UPSTREAM_INVALID_RESPONSE' });
        } else {
          expect(data.startIngestion.request.requestId).toBe(meant);
          await ask(STATUS, { m: mappingOfAsked, r: meant });
        }
        expect(asked).toEqual(asked.map(() => meant));
        expect(asked.length > 0).toBe(meant !== null);
      }),
      { numRuns: 40, seed: SEED },
    );
  });

  it('is reported with a warning if it is a success without a count', async () => {
    const answer = { ...statusAnswers.success('XDM44', 9), numRecords: 'many' };
    answerTo = () => ({ bytes: Buffer.from(JSON.stringify(answer)) });
    await ask(STATUS, { m: 'XDM44', r: 9 });
    expect(gateway.logLines).toContainEqual(
      expect.objectContaining({
        level: 40,
        requestId: '9',
        msg: 'The upstream reported a success without a readable count',
      }),
    );
  });
});

/** The whole number that a JSON number is, in digits; null where it is none. */
function toExact(literal: string): string | null {
  const match = /^(-?\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(literal);
  if (!match) return null;
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const shift = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return String(digits * 10n ** BigInt(shift));
  return digits % 10n ** BigInt(-shift) === 0n ? String(digits / 10n ** BigInt(-shift)) : null;
}
