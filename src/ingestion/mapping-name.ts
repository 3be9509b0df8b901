/**
 * A text without what systems change when they store it: its Unicode form, the case of its letters, and the
 * blanks around and between its words. Good for telling whether an answer is about what was asked; rights and
 * keys go by the exact characters.
 */
export function toFolded(text: string): string {
  return text.normalize('NFKC').toUpperCase().normalize('NFKC').replace(/\s+/g, ' ').trim();
}

/** Where an id may end: before a blank or the end of the text, a mark of punctuation between or not. */
const ID_ENDS = /(?=[.,;:]?(?:\s|$))/g;

/** An id has at most 255 characters, of which each may take some more once it is escaped or decomposed. */
const MAX_NAME_LENGTH = 2_000;

/**
 * What follows the mapping's id at the beginning of a text, or null where the text begins with another one.
 *
 * Ids are free text and so is what follows one, so the end of an id cannot be found: the text must begin with
 * a whole one (for mapping 4, `42` is not it; nor is `4.5`), as we write it or in another form of the same.
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

/** Some frameworks escape for HTML whatever they put into a text. */
function withoutEscapes(text: string): string {
  return text.replace(
    /&(?:amp|lt|gt|quot|apos|#34|#39);/g,
    (written) => ESCAPES[written] ?? written,
  );
}
