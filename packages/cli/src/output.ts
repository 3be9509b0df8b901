import { stripVTControlCharacters, styleText } from 'node:util';

/** How data is written: for people, as one JSON document, or as one per line. */
export type OutputForm = 'text' | 'json' | 'jsonl';

/** The names of the forms. */
export const outputForms: readonly OutputForm[] = ['text', 'json', 'jsonl'];

/** The colour of a text. */
export type Paint = Parameters<typeof styleText>[0];

/** Data goes to standard output, everything else to standard error. */
export interface Output {
  readonly form: OutputForm;
  /** Write a value; `toText` formats it for people. */
  data(value: unknown, toText: () => string): void;
  /** Write a message that is not data, on its own line. */
  note(text: string): void;
  /** Show a changing last line, on a terminal; null removes it. */
  live(toLine: (() => string) | null): void;
  /** Whether there is a terminal for {@link Output.live}. */
  readonly isLive: boolean;
  paint(paint: Paint, text: string): string;
  /** Write the JSON document, if the output is one document. */
  end(): void;
}

/** Where output is written. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How often the changing line is written again, in ms. */
const REFRESH_MS = 1_000;

const ERASE_LINE = '\r\u001b[2K';

/**
 * @param isList - whether the JSON document is a list, even of one value
 */
export function createOutput(
  form: OutputForm,
  isList: boolean,
  { stdout, stderr, env }: Streams,
): Output {
  const isTerminal = Boolean(stdout.isTTY && stderr.isTTY) && env.TERM !== 'dumb';
  // Logs of CI jobs with a terminal would show each update as a separate line.
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

  /** Write something above the changing line. */
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

/** Remove from other people's texts what a terminal might obey. */
export function toPlain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is taken out
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

/** Format rows as columns. */
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
