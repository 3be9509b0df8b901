/** What a file may begin with, the longer ones first. */
const MARKS: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0xff, 0xfe, 0, 0]), 'utf-32'],
  [Buffer.from([0, 0, 0xfe, 0xff]), 'utf-32'],
  [Buffer.from([0xef, 0xbb, 0xbf]), 'utf-8'],
  [Buffer.from([0xff, 0xfe]), 'utf-16le'],
  [Buffer.from([0xfe, 0xff]), 'utf-16be'],
];

const ZIP = Buffer.from('PK\x03\x04', 'latin1');

/** UTF-16 of most languages has a zero in every other byte of its delimiters, digits and line ends. */
const LEAST_ZEROS = 0.1;

/** True for the name of an encoding that can be read: `windows-1252`, `iso-8859-15`, `utf-16le`. */
export function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name, { fatal: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * The encoding of a file: what its mapping says, else what its byte order mark or the zeros of UTF-16 tell, else UTF-8. An encoding
 * of single bytes is never guessed: a wrong guess gives other letters, and no error.
 *
 * @param head - the first bytes
 * @param declared - what the mapping says; null: nothing
 * @throws an Error that says what the file is instead of text
 */
export function sniffEncoding(head: Buffer, declared: string | null): string {
  if (head.subarray(0, ZIP.length).equals(ZIP)) {
    throw new Error('is a ZIP archive or a workbook, not text: unpack it, or save it as CSV');
  }
  const [, marked] = MARKS.find(([mark]) => head.subarray(0, mark.length).equals(mark)) ?? [];
  if (marked === 'utf-32') throw new Error('is UTF-32: save it as UTF-8');
  if (declared === null) return marked ?? withoutMark(head);
  const encoding = new TextDecoder(declared).encoding;
  if (marked === undefined || marked === encoding) return encoding;
  throw new Error(`begins with the byte order mark of ${marked}, and its mapping says ${declared}`);
}

function withoutMark(head: Buffer): string {
  const zeros = [0, 0];
  for (const [at, byte] of head.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  const least = (head.length / 2) * LEAST_ZEROS;
  if (odd > least && odd > even * 10) return 'utf-16le';
  if (even > least && even > odd * 10) return 'utf-16be';
  return 'utf-8';
}
