import type { GraphQLFormattedError } from 'graphql';

/** How much of a client's name or value an error quotes. */
export const MAX_QUOTED_CHARS = 40;

const MAX_MESSAGE_CHARS = 400;

/** How many places of a document one error names. */
const MAX_LOCATIONS = 10;

/** The maximum number of errors without data. Clients see further errors once these are fixed. */
const MAX_ERRORS = 20;

/** Beside data, an error says why a field is null: each of the 100 requests of one field may have its own. */
const MAX_ERRORS_BESIDE_DATA = 100;

/** Short quotations match too, because the text between two of them is not one. */
const QUOTATION = /"([^"\n]*)"/g;

/** Shorten an error to what a reader needs to find the problem. */
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
  // The cut may have split a surrogate pair.
  return (isLong ? `${quoting.slice(0, MAX_MESSAGE_CHARS)}…` : quoting).toWellFormed();
}

/** At most as many errors as one answer may have. The last one then says how many were left out. */
export function boundErrors<Errors extends readonly GraphQLFormattedError[] | undefined>(
  errors: Errors,
  data: unknown,
): Errors | readonly GraphQLFormattedError[] {
  const max = data == null ? MAX_ERRORS : MAX_ERRORS_BESIDE_DATA;
  if (!errors || errors.length <= max) return errors;
  const told = errors.slice(0, max - 1);
  const first = errors[max - 1];
  const message = `${errors.length - told.length} more errors are not shown.`;
  return [...told, { message, ...(first?.extensions && { extensions: first.extensions }) }];
}
