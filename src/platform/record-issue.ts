/** What is wrong with a row. */
export type RecordIssueKind = 'corrupt' | 'required' | 'conversion' | 'constraint';

/** How many rows have an issue of each kind as their first one. */
export type IssueCounts = { readonly [Kind in RecordIssueKind]: number };

/** One thing that is wrong with a row. */
export interface RecordIssue {
  readonly kind: RecordIssueKind;
  /** The JSON Schema keyword. */
  readonly keyword: string;
  readonly message: string;
  /** Where in the record, such as `#/timestamp`. */
  readonly pointer: string;
  /** Where in the schema. */
  readonly schemaLocation: string;
}

/**
 * Platform's names for each kind. The first two codes are documented. There is no public list of the others, so those
 * are this receiver's own.
 */
export const ISSUE_CODES: {
  readonly [Kind in RecordIssueKind]: { readonly code: string; readonly description: string };
} = {
  corrupt: {
    code: '1401',
    description:
      'The row has corrupted data and cannot be read or parsed. Fix the corrupted data and try again.',
  },
  required: {
    code: '1555',
    description:
      'A required field is either missing or has a value of null. Add the required field to the input row and try again.',
  },
  conversion: {
    code: '1501',
    description:
      'A value cannot be converted to the type of its field. Fix the value in the input row and try again.',
  },
  constraint: {
    code: '1556',
    description:
      'A value is not one that the schema of the dataset allows. Fix the value in the input row and try again.',
  },
};
