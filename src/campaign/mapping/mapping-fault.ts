/** Something that is wrong with a mapping file. */
export interface MappingFault {
  readonly file: string;
  /** From 1; null if the fault concerns the whole file or folder. */
  readonly line: number | null;
  readonly message: string;
}

/** The mappings have faults. The message lists them all, one per line. */
export class MappingsInvalidError extends Error {
  override readonly name = 'MappingsInvalidError';

  constructor(readonly faults: readonly MappingFault[]) {
    super(
      [
        `${faults.length} fault${faults.length === 1 ? '' : 's'} in the mappings:`,
        ...faults.map(
          ({ file, line, message }) => `  ${file}${line === null ? '' : `:${line}`}: ${message}`,
        ),
      ].join('\n'),
    );
  }
}
