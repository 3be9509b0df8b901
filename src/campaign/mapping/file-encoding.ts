/** Byte order marks, longer ones first. */
const MARKS: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0xff, 0xfe, 0, 0]), 'utf-32'],
  [Buffer.from([0, 0, 0xfe, 0xff]), 'utf-32'],
  [Buffer.from([0xef, 0xbb, 0xbf]), 'utf-8'],
  [Buffer.from([0xff, 0xfe]), 'utf-16le'],
  [Buffer.from([0xfe, 0xff]), 'utf-16be'],
];

const ZIP = Buffer.from('PK\x03\x04', 'latin1');

/** Delimiters, quotes and line ends, in ASCII. */
const SIGNS: ReadonlySet<number> = new Set(Buffer.from('\n\r\t,;|"{}'));

/** True for the name of a supported encoding: `windows-1252`, `iso-8859-15`, `utf-16le`. */
export function isEncoding(name: string): boolean {
  try {
    new TextDecoder(name, { fatal: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * The encoding of a file: what its mapping says, else what its byte order mark or the zeros of UTF-16 show, else
 * UTF-8. A single-byte encoding is never guessed, because a wrong guess gives other letters, and no error.
 *
 * @param head - the first bytes
 * @param declared - from the mapping; null if it says nothing
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
  throw new Error(`begins with the byte order mark of ${marked}, but its mapping says ${declared}`);
}

function withoutMark(head: Buffer): string {
  if (isWide(head, 0)) return 'utf-16le';
  if (isWide(head, 1)) return 'utf-16be';
  return 'utf-8';
}

/**
 * Whether most ASCII signs have a zero byte beside them. Half of another script's character may look like a sign, and
 * a file in another encoding may have a stray zero.
 *
 * @param place - of a sign's byte in its pair
 */
function isWide(head: Buffer, place: 0 | 1): boolean {
  let wide = 0;
  let narrow = 0;
  for (let at = 0; at + 1 < head.length; at += 2) {
    if (!SIGNS.has(head[at + place] ?? 0)) continue;
    if (head[at + 1 - place] === 0) wide += 1;
    else narrow += 1;
  }
  return wide > narrow;
}
