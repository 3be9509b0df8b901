/** What needs no quotes in a shell. */
const PLAIN = /^[\w.:/@%+-]+$/;

/** A command line for the gateway of this page. */
export function toCommand(command: string, args: readonly string[]): string {
  const words = ['npx', 'sluice', '--url', new URL('.', location.href).href, command];
  // Otherwise an id that begins with a dash would be an option.
  if (args.some((arg) => arg.startsWith('-'))) words.push('--');
  return [...words, ...args].map(quote).join(' ');
}

function quote(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
