import { describe, expect, it } from '@jest/globals';
import { forgedCursors } from '../support/forged-cursors.js';
import { type Expected, type Operation, useSturdyGateway } from '../support/sturdy-gateway.js';

const gateway = useSturdyGateway();
const { post } = gateway;

describe('an invalid argument, over HTTP and over a socket,', () => {
  const status = `query ($mappingId: ID! = "XDM44", $requestId: ID! = "3520", $maxAgeMs: Int) {
    ingestionStatus(mappingId: $mappingId, requestId: $requestId, maxAgeMs: $maxAgeMs) { status }
  }`;
  const statuses =
    'query ($requests: [IngestionRequestRef!]!) { ingestionStatuses(requests: $requests) { status } }';
  const start =
    'mutation ($input: StartIngestionInput!) { startIngestion(input: $input) { __typename } }';
  const starts =
    'mutation ($inputs: [StartIngestionInput!]!) { startIngestions(inputs: $inputs) { __typename } }';
  const transitions = `query ($first: Int! = 50, $after: Cursor) {
    ingestionStatus(mappingId: "XDM44", requestId: "3520") {
      transitions(first: $first, after: $after) { nodes { to } }
    }
  }`;

  const list = `query ($filter: IngestionRequestFilter, $first: Int! = 25, $after: Cursor) {
    ingestionRequests(filter: $filter, first: $first, after: $after) { nodes { id } }
  }`;

  const values: [string, Operation, number, ...Expected[]][] = [
    [
      'a negative maxAgeMs',
      { query: status, variables: { maxAgeMs: -1 } },
      200,
      ['BAD_USER_INPUT', 'maxAgeMs must be 0 or more; this is -1.'],
    ],
    [
      'a maxAgeMs that is not a number',
      { query: status, variables: { maxAgeMs: 'soon' } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$maxAgeMs" got invalid value "soon"; Int cannot represent non-integer value: "soon"',
      ],
    ],
    [
      'a maxAgeMs past Int',
      { query: status, variables: { maxAgeMs: 2 ** 31 } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$maxAgeMs" got invalid value 2147483648; Int cannot represent non 32-bit signed integer value: 2147483648',
      ],
    ],
    [
      'a maxAgeMs that is not a number, in the document',
      { query: '{ ingestionStatus(mappingId: "a", requestId: "1", maxAgeMs: "x") { status } }' },
      200,
      ['GRAPHQL_VALIDATION_FAILED', 'Int cannot represent non-integer value: "x"'],
    ],
    [
      '101 requests',
      {
        query: statuses,
        variables: { requests: Array(101).fill({ mappingId: 'a', requestId: '1' }) },
      },
      200,
      ['BAD_USER_INPUT', 'requests must have at most 100 items; these are 101.'],
    ],
    [
      '51 starts',
      { query: starts, variables: { inputs: Array(51).fill({ mappingId: 'a' }) } },
      200,
      ['BAD_USER_INPUT', 'inputs must have at most 50 items; these are 51.'],
    ],
    [
      'one bad start among good ones',
      { query: starts, variables: { inputs: [{ mappingId: 'a' }, { mappingId: '' }] } },
      200,
      ['BAD_USER_INPUT', 'mappingId must not be empty.'],
    ],
    [
      'a bad id in a start',
      { query: start, variables: { input: { mappingId: '../a' } } },
      200,
      ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
    ],
    [
      'a bad id among many requests',
      { query: statuses, variables: { requests: [{ mappingId: 'a', requestId: ' ' }] } },
      200,
      ['BAD_USER_INPUT', 'requestId must not be empty.'],
    ],
    ...[0, -1, 101].map((first): [string, Operation, number, Expected] => [
      `a page of ${first}`,
      { query: transitions, variables: { first } },
      200,
      ['BAD_USER_INPUT', `first must be 1 to 100; this is ${first}.`],
    ]),
    ...[0, -1, 101].map((first): [string, Operation, number, Expected] => [
      `a list of ${first}`,
      { query: list, variables: { first } },
      200,
      ['BAD_USER_INPUT', `first must be 1 to 100; this is ${first}.`],
    ]),
    [
      'a list of 101 mappings',
      { query: list, variables: { filter: { mappingIds: Array(101).fill('a') } } },
      200,
      ['BAD_USER_INPUT', 'mappingIds must have at most 100 items; these are 101.'],
    ],
    [
      'an empty list of mappings',
      { query: list, variables: { filter: { mappingIds: [] } } },
      200,
      ['BAD_USER_INPUT', 'mappingIds must not be empty. Leave it out for all.'],
    ],
    [
      'empty mapping ids',
      { query: '{ mappings(filter: { mappingIds: [] }) { nodes { id } } }' },
      200,
      ['BAD_USER_INPUT', 'mappingIds must not be empty. Leave it out for all.'],
    ],
    [
      'an empty list of mappings for jobs',
      { query: '{ jobs(filter: { mappingIds: [] }) { nodes { id } } }' },
      200,
      ['BAD_USER_INPUT', 'mappingIds must not be empty. Leave it out for all.'],
    ],
    [
      'a mapping id with path segments in a list',
      { query: list, variables: { filter: { mappingIds: ['a', '..'] } } },
      200,
      ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
    ],
    [
      'an unknown status in a list',
      { query: list, variables: { filter: { statuses: ['NOPE'] } } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$filter" got invalid value "NOPE" at "filter.statuses[0]"; Value "NOPE" does not exist in "IngestionStatus" enum.',
      ],
    ],
    [
      'a cursor that is not a string',
      { query: transitions, variables: { after: 7 } },
      200,
      [
        'BAD_USER_INPUT',
        'Variable "$after" got invalid value 7; Expected type "Cursor". A Cursor is a string that this gateway created.',
      ],
    ],
  ];

  const badIds: [string, string, string][] = [
    ['empty', '', 'must not be empty.'],
    ['blank', ' \t', 'must not be empty.'],
    [
      '1,000 characters long',
      'x'.repeat(1_000),
      'must be at most 255 characters long; this one has 1000.',
    ],
    ['with a NUL', 'a\0b', 'must not contain control characters or broken Unicode.'],
    [
      'with a terminal’s escape',
      '\u001b[31mred',
      'must not contain control characters or broken Unicode.',
    ],
    ['with a line end', 'a\r\nx-y: z', 'must not contain control characters or broken Unicode.'],
    ['with half a character', 'a\ud800', 'must not contain control characters or broken Unicode.'],
  ];
  const ids: typeof values = [
    ...badIds.flatMap(([what, id, message]): typeof values =>
      ['mappingId', 'requestId'].map((name) => [
        `a ${name} ${what}`,
        { query: status, variables: { [name]: id } },
        200,
        ['BAD_USER_INPUT', `${name} ${message}`],
      ]),
    ),
    ...['..', '.', '../x', 'x/../../y', '..\\x', './x'].map(
      (mappingId): [string, Operation, number, Expected] => [
        `the mappingId ${mappingId}`,
        { query: status, variables: { mappingId } },
        200,
        ['BAD_USER_INPUT', 'mappingId must not contain the path segments "." or "..".'],
      ],
    ),
  ];

  const cursors: typeof values = forgedCursors().flatMap(([what, after, message]) => [
    [
      `a cursor of transitions that is ${what}`,
      { query: transitions, variables: { after } },
      200,
      ['CURSOR_INVALID', message],
    ],
    [
      `a cursor of requests that is ${what}`,
      { query: list, variables: { after } },
      200,
      ['CURSOR_INVALID', message],
    ],
  ]);

  it.each([...values, ...ids, ...cursors])(
    'is refused: %s',
    (_what, operation, httpStatus, ...expected) =>
      gateway.expectRefused(operation, httpStatus, expected),
  );

  it('is not an unusual request id, because ids are encoded in the query string', async () => {
    const requestId = '../../x?y=1&z#é';
    const callCount = gateway.upstream.calls.length;
    await post({ query: status, variables: { requestId } });
    expect(gateway.upstream.calls[callCount]?.rawPath).toMatch(
      /\/XDM44\/ingest\?requestId=\.\.%2F\.\.%2Fx%3Fy%3D1%26z%23%C3%A9$/,
    );
  });
});
