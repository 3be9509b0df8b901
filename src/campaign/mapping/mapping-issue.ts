/** Something that is wrong with a mapping file. */
export interface MappingIssue {
  readonly file: string;
  /** From 1; null if the issue concerns the whole file or folder. */
  readonly line: number | null;
  readonly message: string;
}

/** The mappings have issues. The message lists them all, one per line. */
export class MappingsInvalidError extends Error {
  override readonly name = 'MappingsInvalidError';

  constructor(readonly issues: readonly MappingIssue[]) {
    super(
      [
        `${issues.length} fault${issues.length === 1 ? '' : 's'} in the mappings:`,
        ...issues.map(
          ({ file, line, message }) => `  ${file}${line === null ? '' : `:${line}`}: ${message}`,
        ),
      ].join('\n'),
    );
  }
}
