import { stripVTControlCharacters, styleText } from 'node:util';

/** How data is written: for people, as one JSON document, or as one per line. */
export type OutputForm = 'text' | 'json' | 'jsonl';

/** Their names. */
export const outputForms: readonly OutputForm[] = ['text', 'json', 'jsonl'];

/** A colour of a text. */
export type Paint = Parameters<typeof styleText>[0];

/** Data goes to standard output, all else to standard error. */
export interface Output {
  readonly form: OutputForm;
  /** Write a value; `toText` is how people read it. */
  data(value: unknown, toText: () => string): void;
  /** Say something that is not data, on a line of its own. */
  note(text: string): void;
  /** Have a last line that changes, where there is a terminal; null takes it away. */
  live(toLine: (() => string) | null): void;
  /** Whether there is a terminal for {@link Output.live}. */
  readonly isLive: boolean;
  paint(paint: Paint, text: string): string;
  /** Write the one JSON document, if it is to be one. */
  end(): void;
}

/** What the output is written to. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The line that lives is written anew so often, in ms. */
const REFRESH_MS = 1_000;

const ERASE_LINE = '\r\u001b[2K';

/**
 * @param isList - whether the one JSON document is a list, also of one value
 */
export function createOutput(
  form: OutputForm,
  isList: boolean,
  { stdout, stderr, env }: Streams,
): Output {
  const isTerminal = Boolean(stdout.isTTY && stderr.isTTY) && env.TERM !== 'dumb';
  // Logs of CI jobs that have a terminal would have each refreshment as a line of its own.
  const isLive = isTerminal && form === 'text' && !env.CI;
  const hasColour = isTerminal && !env.NO_COLOR;
  const values: unknown[] = [];
  let toLiveLine: (() => string) | null = null;
  let timer: NodeJS.Timeout | undefined;

  function draw(): void {
    if (!toLiveLine) return;
    const width = (stderr.columns || 80) - 1;
    stderr.write(`${ERASE_LINE}${[...toLiveLine()].slice(0, width).join('')}`);
  }

  /** Write something above the line that lives. */
  function above(write: () => void): void {
    if (toLiveLine) stderr.write(ERASE_LINE);
    write();
    draw();
  }

  return {
    form,
    isLive,
    paint: (paint, text) => (hasColour ? styleText(paint, text) : text),
    data(value, toText) {
      switch (form) {
        case 'text':
          return above(() => stdout.write(`${toText()}\n`));
        case 'json':
          return void values.push(value);
        case 'jsonl':
          return void stdout.write(`${JSON.stringify(value)}\n`);
      }
    },
    note: (text) => above(() => stderr.write(`${text}\n`)),
    live(toLine) {
      if (!isLive) return;
      clearInterval(timer);
      if (!toLine && toLiveLine) stderr.write(ERASE_LINE);
      toLiveLine = toLine;
      draw();
      if (toLine) timer = setInterval(draw, REFRESH_MS).unref();
    },
    end() {
      if (form !== 'json' || (!isList && values.length === 0)) return;
      stdout.write(`${JSON.stringify(isList ? values : values[0], null, 2)}\n`);
    },
  };
}

/** Take from a text of others what a terminal might obey. */
export function toPlain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** Lay rows out in columns. */
export function toTable(rows: readonly (readonly string[])[]): string {
  const plain = rows.map((row) => row.map(toPlain));
  const widths = (plain[0] ?? []).map((_, column) =>
    Math.max(...plain.map((row) => row[column]?.length ?? 0)),
  );
  return plain
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
