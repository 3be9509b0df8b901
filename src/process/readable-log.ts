import pretty from 'pino-pretty';

/** What could move a terminal’s cursor, forge a line, or turn text around. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The message of an operation has its type, its name and its outcome already, that of a transition all of it. */
const IN_MESSAGE = 'pid,hostname,transport,type,name,outcome,transition';

/** Makes of a line of the log what a person reads. Whatever callers have put into it is text there. */
export function createReadable(hasColors: boolean): (line: string) => string {
  const format = pretty.prettyFactory({
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    ignore: IN_MESSAGE,
    colorize: hasColors,
  });
  return (line) => {
    const harmless: unknown = JSON.parse(line, (field, value) => {
      if (typeof value !== 'string') return value;
      // A stack is many lines; they are printed indented.
      return field === 'stack' ? value.split('\n').map(toVisible).join('\n') : toVisible(value);
    });
    return format(harmless) ?? '';
  };
}

function toVisible(text: string): string {
  return text.replace(CONTROLS, (control) => {
    const code = control.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}
