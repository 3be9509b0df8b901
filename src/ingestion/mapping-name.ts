/**
 * A text without what systems change when they store it: its Unicode form, case, and the blanks around and between
 * its words. Use it only to tell whether an answer is about what was asked. Rights and keys depend on the exact
 * characters.
 */
export function toFolded(text: string): string {
  return text.normalize('NFKC').toUpperCase().normalize('NFKC').replace(/\s+/g, ' ').trim();
}

/** Where an id may end: before a blank or the end of the text, optionally after a punctuation mark. */
const ID_ENDS = /(?=[.,;:]?(?:\s|$))/g;

/** An id has at most 255 characters, each of which may become longer when escaped or decomposed. */
const MAX_NAME_LENGTH = 2_000;

/**
 * What follows the mapping's id at the beginning of a text, or null if the text begins with another id.
 *
 * Ids and what follows them are free text, so the end of an id can't be found. The text must begin with a whole id
 * (for mapping 4, neither `42` nor `4.5` counts), as we write it or in another form.
 */
export function afterMappingId(text: string, mappingId: string): string | null {
  if (text.startsWith(mappingId)) {
    const rest = text.slice(mappingId.length);
    if (/^[.,;:]?(?:\s|$)/.test(rest)) return rest;
  }
  const wanted = toFolded(mappingId);
  for (const { index } of text.slice(0, MAX_NAME_LENGTH).matchAll(ID_ENDS)) {
    const name = text.slice(0, index);
    if (toFolded(name) === wanted || toFolded(withoutEscapes(name)) === wanted) {
      return text.slice(index);
    }
  }
  return null;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#34;': '"',
  '&#39;': "'",
  '&apos;': "'",
};

/** Some frameworks HTML-escape everything that they put into a text. */
function withoutEscapes(text: string): string {
  return text.replace(
    /&(?:amp|lt|gt|quot|apos|#34|#39);/g,
    (written) => ESCAPES[written] ?? written,
  );
}
