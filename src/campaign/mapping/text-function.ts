import { hash } from 'node:crypto';

/** Functions for texts, with Data Prep's names. */
export const TEXT_FUNCTIONS = ['trim', 'lower', 'upper', 'sha256'] as const;

/** One of {@link TEXT_FUNCTIONS}. */
export type TextFunction = (typeof TEXT_FUNCTIONS)[number];

/** Apply a function; a digest is in lower-case hexadecimal digits. */
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
