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
