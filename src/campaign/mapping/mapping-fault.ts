/** Something that is wrong with a mapping file. */
export interface MappingFault {
  readonly file: string;
  /** From 1; null where the fault is the file's or the folder's as a whole. */
  readonly line: number | null;
  readonly message: string;
}

/** The mappings are not fit to start with. The message lists every fault of every file, one a line. */
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
