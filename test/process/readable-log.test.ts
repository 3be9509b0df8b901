import { expect, it } from '@jest/globals';
import { createLogger } from '../../src/process/logger.js';
import { createReadable } from '../../src/process/readable-log.js';

// biome-ignore lint/suspicious/noControlCharactersInRegex: what colours begin with
const ANSI_COLORS = /\u001b\[\d+m/g;

/** Escapes, ends of lines, what turns text around, and far too much of it. */
const bad = `a\u001b]0;title\u0007\u009b2J\r\nforged\u2028line\u2029\u202e${'x'.repeat(10_000)}`;

function logBad(): string[] {
  const lines: string[] = [];
  const logger = createLogger('trace', { write: (line) => void lines.push(line) });
  logger.info({ caller: bad, ref: { mappingId: bad, requestId: bad } }, `query ${bad}: ok`);
  logger.warn({ err: new Error(bad, { cause: new TypeError(bad) }) }, bad);
  return lines;
}

it('a line of the log is one line, whatever callers have put into it', () => {
  for (const line of logBad()) {
    expect(line.indexOf('\n')).toBe(line.length - 1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f]/);
    expect(JSON.parse(line).msg).toContain('forged');
  }
});

it('has no colours where none are wanted', () => {
  for (const line of logBad()) expect(createReadable(false)(line)).not.toMatch(ANSI_COLORS);
});

it('on a terminal it moves nothing, forges no line, and turns no text around', () => {
  const [operation = '', failure = ''] = logBad().map((line) =>
    createReadable(true)(line).replace(ANSI_COLORS, ''),
  );
  expect(operation.indexOf('\n')).toBe(operation.length - 1);
  expect(operation).toContain(
    '\\u001b]0;title\\u0007\\u009b2J\\u000d\\u000aforged\\u2028line\\u2029\\u202e',
  );
  for (const line of [operation, failure]) {
    expect(line).not.toMatch(/[^\P{Cc}\n]|[\p{Bidi_Control}\u2028\u2029]/u);
    // Lines behind the first belong to it, as one sees.
    expect(
      line
        .trimEnd()
        .split('\n')
        .slice(1)
        .every((more) => /^ {4}/.test(more)),
    ).toBe(true);
  }
});
