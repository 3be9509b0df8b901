import fc from 'fast-check';

const FIRST_SURROGATE = 0xd800;
const SURROGATES = 0x800;
const LAST_CODE_POINT = 0x10_ffff;

/**
 * Any character but half a surrogate pair, as a unit of strings. The `binary` of fast-check is the same, and takes a
 * second to list them all.
 */
export const anyChar = fc
  .nat(LAST_CODE_POINT - SURROGATES)
  .map(
    (index) => String.fromCodePoint(index < FIRST_SURROGATE ? index : index + SURROGATES),
    toIndex,
  );

function toIndex(char: unknown): number {
  if (typeof char !== 'string' || [...char].length !== 1)
    throw new Error('One character is no such.');
  const codePoint = char.codePointAt(0) ?? 0;
  return codePoint < FIRST_SURROGATE ? codePoint : codePoint - SURROGATES;
}
