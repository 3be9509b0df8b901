import { hash } from 'node:crypto';

/** What can be done to a text, by the names that Data Prep has for it. */
export const TEXT_FUNCTIONS = ['trim', 'lower', 'upper', 'sha256'] as const;

/** One of {@link TEXT_FUNCTIONS}. */
export type TextFunction = (typeof TEXT_FUNCTIONS)[number];

/** Do it; a digest is in lower-case hexadecimal digits. */
export function applyTo(text: string, name: TextFunction): string {
  switch (name) {
    case 'trim':
      return text.trim();
    case 'lower':
      return text.toLowerCase();
    case 'upper':
      return text.toUpperCase();
    case 'sha256':
      return hash('sha256', text, 'hex');
  }
}
