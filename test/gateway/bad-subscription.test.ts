import { describe, expect, it } from '@jest/globals';
import { forgedCursors } from '../support/forged-cursors.js';
import { type Expected, toExpected, useSturdyGateway } from '../support/sturdy-gateway.js';

const gateway = useSturdyGateway();
const { post, askOverSocket } = gateway;

interface Operation {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
}

describe('an invalid subscription', () => {
  const changed = `subscription ($mappingId: ID! = "XDM44", $requestId: ID! = "3520", $after: Cursor) {
    ingestionStatusChanged(mappingId: $mappingId, requestId: $requestId, after: $after) { to }
  }`;
  const activity = `subscription ($mappingIds: [ID!], $after: Cursor) {
    ingestionActivity(mappingIds: $mappingIds, after: $after) { to }
  }`;
  const steering: Expected = [
    'BAD_USER_INPUT',
    'mappingId must not contain the path segments "." or "..".',
  ];
  const cases: [string, Operation, Expected][] = [
    ['a mapping id that steers', { query: changed, variables: { mappingId: '../x' } }, steering],
    [
      'a mapping id that steers, among good ones',
      { query: activity, variables: { mappingIds: ['a', '../x'] } },
      steering,
    ],
    [
      'an empty request id',
      { query: changed, variables: { requestId: '' } },
      ['BAD_USER_INPUT', 'requestId must not be empty.'],
    ],
    [
      'a variable of another type',
      { query: changed, variables: { mappingId: [] } },
      [
        'BAD_USER_INPUT',
        'Variable "$mappingId" got invalid value []; ID cannot represent value: []',
      ],
    ],
    [
      'a cursor that is not a string',
      { query: activity, variables: { after: 7 } },
      [
        'BAD_USER_INPUT',
        'Variable "$after" got invalid value 7; Expected type "Cursor". A Cursor is a string that this gateway created.',
      ],
    ],
    ...(
      [
        [0, 'mappingIds must not be empty. Leave it out for all.'],
        [101, 'mappingIds must have at most 100 items; these are 101.'],
      ] as const
    ).map(([count, message]): [string, Operation, Expected] => [
      `${count} mapping ids`,
      { query: activity, variables: { mappingIds: Array(count).fill('a') } },
      ['BAD_USER_INPUT', message],
    ]),
    ...forgedCursors().flatMap(([what, after, message]): [string, Operation, Expected][] => [
      [
        `a cursor that is ${what}, of one request`,
        { query: changed, variables: { after } },
        ['CURSOR_INVALID', message],
      ],
      [
        `a cursor that is ${what}, of all`,
        { query: activity, variables: { after } },
        ['CURSOR_INVALID', message],
      ],
    ]),
  ];

  it.each(cases)('ends with an error: %s', async (_what, operation, expected) => {
    const { data, errors } = await askOverSocket(operation);
    expect(toExpected(errors)).toEqual([expected]);
    expect(data).toBeUndefined();
  });

  it('is refused over HTTP with a pointer to the right transport', async () => {
    const { status, body } = await post({ query: activity });
    expect(status).toBe(400);
    expect(toExpected(body.errors)).toEqual([
      [
        'BAD_REQUEST',
        'Subscriptions are served over WebSocket at this same address, with the subprotocol graphql-transport-ws; and over HTTP to clients that accept text/event-stream, or multipart/mixed with subscriptionSpec=1.0.',
      ],
    ]);
  });
});
