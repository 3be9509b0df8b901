/** What shells make something of, and this program does not; in words. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/^~/, 'a whole path: ~ is not expanded here'],
  [/\$[\w{(]/, 'a whole path: variables are not expanded here'],
  [/^(file:|[a-z][a-z\d+.-]*:\/\/)/i, 'a path, and not a URL'],
];

/** Why a text is not taken for the path of a file or a folder; null where it is. It completes "expected …". */
export function whyNoPath(text: string): string | null {
  return FORMS.find(([form]) => form.test(text))?.[1] ?? null;
}

/**
 * Whether a value has quotes around it. A shell takes them away, and so does a `.env` file; what passes the file on
 * by itself, such as `docker run --env-file`, does not, and nobody means them.
 */
export function isQuoted(value: string): boolean {
  return /^(["']).*\1$/s.test(value);
}
