import type { GraphQLFormattedError } from 'graphql';

/** So much of a name or a value that was sent is quoted in an error. */
export const MAX_QUOTED_CHARS = 40;

const MAX_MESSAGE_CHARS = 400;

/** The places of a document that one error names. */
const MAX_LOCATIONS = 10;

/** So many errors has an answer without data: whoever has more to mend sees them once these are mended. */
const MAX_ERRORS = 20;

/** Beside data an error says why a field is null: each of the 100 requests that one field may ask about has its own. */
const MAX_ERRORS_BESIDE_DATA = 100;

/** Short ones as well: what stands between two of them is none. */
const QUOTATION = /"([^"\n]*)"/g;

/** An error that says no more of what was sent than a reader needs to find it. */
export function shorten(error: GraphQLFormattedError): GraphQLFormattedError {
  const { message, locations } = error;
  return {
    ...error,
    message: shortenMessage(message),
    ...(locations && { locations: locations.slice(0, MAX_LOCATIONS) }),
  };
}

function shortenMessage(message: string): string {
  const quoting = message.replace(QUOTATION, (quotation, quoted: string) =>
    quoted.length > MAX_QUOTED_CHARS ? `"${quoted.slice(0, MAX_QUOTED_CHARS)}…"` : quotation,
  );
  const isLong = quoting.length > MAX_MESSAGE_CHARS;
  // A cut may have left half a character.
  return (isLong ? `${quoting.slice(0, MAX_MESSAGE_CHARS)}…` : quoting).toWellFormed();
}

/** As many errors as one answer may have; the last one then says how many were left out. */
export function boundErrors<Errors extends readonly GraphQLFormattedError[] | undefined>(
  errors: Errors,
  data: unknown,
): Errors | readonly GraphQLFormattedError[] {
  const max = data == null ? MAX_ERRORS : MAX_ERRORS_BESIDE_DATA;
  if (!errors || errors.length <= max) return errors;
  const told = errors.slice(0, max - 1);
  const first = errors[max - 1];
  const message = `${errors.length - told.length} more errors are left out here.`;
  return [...told, { message, ...(first?.extensions && { extensions: first.extensions }) }];
}
