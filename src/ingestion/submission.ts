/**
 * What the upstream answered to a start. Its `Success` means *submitted* and has nothing to do with the
 * SUCCESS of a finished request, so the two share no type. `info` is the upstream's text, verbatim.
 */
export type Submission =
  | { readonly kind: 'submitted'; readonly requestId: string; readonly info: string }
  | { readonly kind: 'alreadyInProgress'; readonly requestId: string; readonly info: string }
  | { readonly kind: 'mappingNotStopped'; readonly info: string }
  | { readonly kind: 'mappingNotPublished'; readonly info: string }
  /** Refused in words that the upstream's documentation does not list. */
  | { readonly kind: 'refused'; readonly info: string };
