import { GraphQLError, GraphQLID, GraphQLScalarType, Kind } from 'graphql';
import { GraphQLDateTime, GraphQLSafeInt } from 'graphql-scalars';
import { BadUserInputError } from '../ingestion/gateway-error.js';

/** GraphQL's own scalar, copied because a subgraph's schema adds our methods to that one. */
const plainId = GraphQLID.toConfig();

/**
 * GraphQL's ID, except that it refuses numbers in variables that JSON has rounded, because they would name something
 * else.
 */
export const ID = new GraphQLScalarType<string, string>({
  ...plainId,
  parseValue(value) {
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw new GraphQLError(
        'An ID beyond 2^53 loses digits as a JSON number: send it as a string.',
      );
    }
    return plainId.parseValue(value);
  },
});

/** An instant, as a `Date`. */
export const DateTime = new GraphQLScalarType<Date, Date>({
  ...GraphQLDateTime.toConfig(),
  specifiedByURL: 'https://www.rfc-editor.org/rfc/rfc3339',
  description:
    'RFC 3339 instant in UTC with milliseconds, such as `2026-01-31T09:15:00.000Z`, by the gateway’s clock.',
  parseValue: toInstant,
  parseLiteral: (node) => toInstant(node.kind === Kind.STRING ? node.value : undefined),
});

/** A leap second looks like an instant, but no `Date` can represent it. */
function toInstant(value: unknown): Date {
  const instant = typeof value === 'string' ? toDate(value) : null;
  if (instant && !Number.isNaN(instant.getTime())) return instant;
  throw new GraphQLError('A DateTime is an instant such as "2026-01-31T09:15:00.000Z".');
}

function toDate(text: string): Date | null {
  try {
    return GraphQLDateTime.parseValue(text);
  } catch {
    return null;
  }
}

/** A count, as a number. */
export const SafeInt = new GraphQLScalarType({
  ...GraphQLSafeInt.toConfig(),
  description: 'Integer up to 2^53-1 (a record count may exceed Int).',
});

/** A place in the log as clients see it. Only checked to be a string. */
export const Cursor = new GraphQLScalarType<string, string>({
  name: 'Cursor',
  specifiedByURL: 'https://relay.dev/graphql/connections.htm#sec-Cursor',
  description:
    'Opaque position in the transition log. Only the gateway can compare positions: keep a cursor unchanged, and pass it as `after`. Any cursor of a transition or a request, from any field, works as `after` of any subscription.',
  serialize: toCursorText,
  parseValue: toCursorText,
  parseLiteral: (node) => toCursorText(node.kind === Kind.STRING ? node.value : undefined),
});

function toCursorText(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new BadUserInputError('A Cursor is a string that this gateway created.');
}
