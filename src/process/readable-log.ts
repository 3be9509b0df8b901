import pretty from 'pino-pretty';

/** Characters that could move a terminal's cursor, forge a line, or reverse text. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The message of an operation contains its type, name and outcome; that of a transition contains all of it. */
const IN_MESSAGE = 'pid,hostname,transport,type,name,outcome,transition';

/** Makes a log line readable. Anything that callers have put into it is shown as text. */
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
      // A stack has many lines, which are indented.
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
