import type { SubscribePayload } from 'graphql-ws';

/** How an operation is repeated after its connection was lost. */
export type Plan =
  /** A stream of transitions: it continues after the last cursor. */
  | {
      readonly kind: 'stream';
      readonly query: string;
      /** The variable for the cursor. */
      readonly variable: string;
      /** Where the caller wanted it to begin; null for the stream's default. */
      readonly after: string | null;
      /** Whether its default beginning is the present, which is queried before the stream opens. */
      readonly beginsNow: boolean;
      /** Where a result has the transition; null for its only field. */
      readonly key: string | null;
      readonly cursorKey: string;
      /** Whether the caller did not select the cursor, and must not see it. */
      readonly isCursorAdded: boolean;
    }
  /** May run twice. */
  | { readonly kind: 'repeatable' }
  /** Must not run twice: a mutation, or an unknown operation. */
  | { readonly kind: 'once' };

/** The subscriptions with cursors, and whether they begin with the present. */
const STREAMS = new Map([
  ['ingestionStatusChanged', false],
  ['ingestionActivity', true],
]);

const ADDED_VARIABLE = 'sluiceAfter';
const ADDED_CURSOR = 'sluiceCursor';

/** Strings and comments are one token each, so that a brace is really a brace. */
const TOKEN = /"""(?:\\"""|[\s\S])*?"""|"(?:\\.|[^"\\\n\r])*"|#[^\n\r]*|\.\.\.|\w+|[^\s,\uFEFF]/g;

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

interface Definition {
  readonly keyword: string;
  readonly name: string | undefined;
  /** The token after which variables are defined. */
  readonly head: number;
  /** The token that opens the selection. */
  readonly body: number;
}

/** Find out what a lost connection means for an operation, and add what it needs to resume to its text. */
export function toPlan({ query, operationName, variables }: SubscribePayload): Plan {
  if (!query) {
    // The server knows it by a hash or an id, so its text can't change.
    return variables && 'after' in variables
      ? {
          kind: 'stream',
          query,
          variable: 'after',
          after: toCursor(variables.after),
          beginsNow: false,
          key: null,
          cursorKey: 'cursor',
          isCursorAdded: false,
        }
      : { kind: 'once' };
  }
  const tokens = toTokens(query);
  const at = (index: number) => tokens[index]?.text;
  const definitions = toDefinitions(tokens);
  const operation = definitions.find(
    ({ keyword, name }) => keyword !== 'fragment' && (!operationName || name === operationName),
  );
  if (operation?.keyword === 'query') return { kind: 'repeatable' };
  if (operation?.keyword !== 'subscription') return { kind: 'once' };
  const field = findFields(tokens, definitions, operation.body)
    .map((key) => ({ key, name: at(key + 1) === ':' ? key + 2 : key }))
    .find(({ name }) => STREAMS.has(at(name) ?? ''));
  if (!field) return { kind: 'repeatable' };

  const inserts: { start: number; end: number; text: string }[] = [];
  const insertAfter = (index: number, text: string) => {
    const end = tokens[index]?.end ?? 0;
    inserts.push({ start: end, end, text });
  };
  const defineVariable = () =>
    at(operation.head + 1) === '('
      ? insertAfter(operation.head + 1, `$${ADDED_VARIABLE}: Cursor, `)
      : insertAfter(operation.head, `($${ADDED_VARIABLE}: Cursor)`);

  let variable = ADDED_VARIABLE;
  let after: unknown = null;
  const hasArguments = at(field.name + 1) === '(';
  const argument = hasArguments ? findArgument(tokens, field.name + 1, 'after') : -1;
  if (argument === -1) {
    defineVariable();
    if (hasArguments) insertAfter(field.name + 1, `after: $${ADDED_VARIABLE}, `);
    else insertAfter(field.name, `(after: $${ADDED_VARIABLE})`);
  } else if (at(argument) === '$') {
    variable = at(argument + 1) ?? ADDED_VARIABLE;
    after = variables?.[variable];
  } else {
    defineVariable();
    const { text, start, end } = tokens[argument] as Token;
    if (text.startsWith('"')) after = JSON.parse(text);
    inserts.push({ start, end, text: `$${ADDED_VARIABLE}` });
  }

  const selection = toBody(tokens, field.name + 1);
  const isCursorAdded = !findFields(tokens, definitions, selection).some(
    (index) => at(index) === 'cursor' && !/^[:(@]$/.test(at(index + 1) ?? ''),
  );
  if (isCursorAdded) insertAfter(selection, ` ${ADDED_CURSOR}: cursor `);
  return {
    kind: 'stream',
    query: apply(query, inserts),
    variable,
    after: toCursor(after),
    beginsNow: STREAMS.get(at(field.name) ?? '') ?? false,
    key: at(field.key) ?? null,
    cursorKey: isCursorAdded ? ADDED_CURSOR : 'cursor',
    isCursorAdded,
  };
}

function toCursor(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function toTokens(query: string): Token[] {
  return [...query.matchAll(TOKEN)]
    .filter(([text]) => !text.startsWith('#'))
    .map(({ 0: text, index }) => ({ text, start: index, end: index + text.length }));
}

function toDefinitions(tokens: readonly Token[]): Definition[] {
  const definitions: Definition[] = [];
  for (let index = 0; index < tokens.length; ) {
    const keyword = tokens[index]?.text ?? '';
    const isShort = keyword === '{';
    const next = tokens[index + 1]?.text ?? '';
    const name = !isShort && /^\w/.test(next) ? next : undefined;
    const body = toBody(tokens, index);
    definitions.push({
      keyword: isShort ? 'query' : keyword,
      name,
      head: name ? index + 1 : index,
      body,
    });
    index = toClosing(tokens, body) + 1;
  }
  return definitions;
}

/** The brace that opens a selection, after preceding parentheses. */
function toBody(tokens: readonly Token[], from: number): number {
  let index = from;
  while (index < tokens.length && tokens[index]?.text !== '{') {
    index = tokens[index]?.text === '(' ? toClosing(tokens, index) + 1 : index + 1;
  }
  return index;
}

/** The token that closes the parenthesis, bracket or brace at an index. */
function toClosing(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index += 1) {
    const text = tokens[index]?.text ?? '';
    if (/^[({[]$/.test(text)) depth += 1;
    if (/^[)}\]]$/.test(text)) depth -= 1;
    if (depth === 0) return index;
  }
  return tokens.length;
}

/** Where the value of an argument begins; -1 if it is not given. */
function findArgument(tokens: readonly Token[], open: number, name: string): number {
  const close = toClosing(tokens, open);
  for (let index = open + 1; index < close; index += 1) {
    const text = tokens[index]?.text ?? '';
    if (/^[({[]$/.test(text)) index = toClosing(tokens, index);
    else if (text === name && tokens[index + 1]?.text === ':') return index + 2;
  }
  return -1;
}

/** The fields of a selection and of its fragments: where each begins. */
function findFields(
  tokens: readonly Token[],
  definitions: readonly Definition[],
  open: number,
  visited: readonly string[] = [],
): number[] {
  const fields: number[] = [];
  const close = toClosing(tokens, open);
  for (let index = open + 1; index < close; index += 1) {
    const text = tokens[index]?.text ?? '';
    const next = tokens[index + 1]?.text ?? '';
    if (text === '@') {
      index += 1;
    } else if (text === '(' || text === '{') {
      index = toClosing(tokens, index);
    } else if (text !== '...') {
      fields.push(index);
      if (next === ':') index += 2;
    } else if (next === '{' || next === '@' || next === 'on') {
      const body = toBody(tokens, index);
      // A field with a condition may be missing.
      const isSure = !tokens.slice(index, body).some((token) => token.text === '@');
      if (isSure) fields.push(...findFields(tokens, definitions, body, visited));
      index = toClosing(tokens, body);
    } else {
      const fragment = definitions.find(
        ({ keyword, name }) => keyword === 'fragment' && name === next,
      );
      const isSure = tokens[index + 2]?.text !== '@' && !visited.includes(next);
      if (fragment && isSure) {
        fields.push(...findFields(tokens, definitions, fragment.body, [...visited, next]));
      }
      index += 1;
    }
  }
  return fields;
}

function apply(
  query: string,
  inserts: readonly { readonly start: number; readonly end: number; readonly text: string }[],
): string {
  return [...inserts]
    .sort((one, other) => other.start - one.start)
    .reduce(
      (result, { start, end, text }) => result.slice(0, start) + text + result.slice(end),
      query,
    );
}
