/** Syntax that shells expand, and this program does not, in words. */
const FORMS: readonly (readonly [RegExp, string])[] = [
  [/^~/, 'a whole path: ~ is not expanded here'],
  [/\$[\w{(]/, 'a whole path: variables are not expanded here'],
  [/^(file:|[a-z][a-z\d+.-]*:\/\/)/i, 'a path, and not a URL'],
];

/** Why a text is not accepted as the path of a file or a folder; null if it is. It completes "expected …". */
export function findPathProblem(text: string): string | null {
  return FORMS.find(([form]) => form.test(text))?.[1] ?? null;
}

/**
 * Whether a value has quotes around it. A shell and a `.env` file remove them. Programs that pass the file on
 * themselves, such as `docker run --env-file`, don't, and nobody means them.
 */
export function isQuoted(value: string): boolean {
  return /^(["']).*\1$/s.test(value);
}
