import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { readTextFile } from '../../adobe/strict-text.js';
import { offsetOf, toPlainIssues } from '../mapping/yaml-issues.js';

/** Nobody waits for a call that is delayed for longer. In ms. */
const MAX_DELAY_MS = 600_000;

const count = z.int().positive();

/** Which of a rule's calls fail, counted from the start of the service. */
const when = z.union(
  [
    // Only this one, from 1.
    z.strictObject({ nth: count }),
    // The nth, the 2nth and so on.
    z.strictObject({ every: count }),
    z.strictObject({ first: count }),
    z.strictObject({ probability: z.number().min(0).max(1) }),
  ],
  'expected one of nth, every and first with a positive whole number, or probability with 0 to 1',
);

/** Answers that replace the service's. */
export const answers = z.enum(['401', '403', '429', '500', '502', '503', '504', 'html']);

const target = {
  on: z.enum(['start', 'status', 'token']),
  // Any if not given.
  mapping: z.string().min(1).optional(),
  when,
};

const rule = z
  .discriminatedUnion('do', [
    // The call is accepted later.
    z.strictObject({ ...target, do: z.literal('delay'), delayMs: count.max(MAX_DELAY_MS) }),
    // The call is not accepted, and never answered.
    z.strictObject({ ...target, do: z.literal('drop') }),
    // The call is not accepted, and its connection is reset.
    z.strictObject({ ...target, do: z.literal('reset') }),
    // The call is not accepted; a system in front of the service answers.
    z.strictObject({
      ...target,
      do: z.literal('answer'),
      // YAML reads 503 as a number.
      as: z.preprocess(String, answers),
      retryAfterS: z.int().nonnegative().optional(),
    }),
    // The call is accepted, and the connection is cut after this many bytes of the answer's body.
    z.strictObject({ ...target, do: z.literal('truncate'), bytes: z.int().nonnegative() }),
    // The call is accepted, and the connection is reset before the answer.
    z.strictObject({ ...target, do: z.literal('loseAnswer') }),
    // The call is accepted, and the service is killed before the answer.
    z.strictObject({ ...target, do: z.literal('crash') }),
  ])
  .refine(({ on, mapping }) => on !== 'token' || mapping === undefined, {
    path: ['mapping'],
    error: 'a token has no mapping',
  })
  .transform(({ on, mapping, when, ...fault }) => ({
    on,
    when,
    fault,
    ...(mapping && { mapping }),
  }));

/** What goes wrong, and when. */
export type FaultRule = z.output<typeof rule>;

/** What goes wrong. */
export type Fault = FaultRule['fault'];

/** A call that can fail. */
export type Operation = FaultRule['on'];

/** Which of a rule's calls fail. */
export type FaultOccasion = FaultRule['when'];

/** All faults. The first rule that applies to a call decides. */
export interface FaultPlan {
  /** The same seed makes the same calls fail. */
  readonly seed: number;
  readonly rules: readonly FaultRule[];
}

const planFile = z.strictObject({
  seed: z.int().nonnegative().default(1),
  faults: z.array(rule).min(1),
});

/** The plan can't be used. The message lists every fault of the file with its line. */
export class FaultPlanInvalidError extends Error {
  override readonly name = 'FaultPlanInvalidError';

  constructor(file: string, faults: readonly { line: number | null; message: string }[]) {
    const lines = faults.map(
      ({ line, message }) => `  ${file}${line === null ? '' : `:${line}`}: ${message}`,
    );
    super(['The fault plan is wrong:', ...lines].join('\n'));
  }
}

/**
 * Read a fault plan from a YAML or JSON file.
 *
 * @throws {FaultPlanInvalidError} with all its problems
 */
export function loadFaultPlan(file: string): FaultPlan {
  let text: string;
  try {
    text = readTextFile(file);
  } catch (error) {
    const message = `cannot be read: ${(error as Error).message}`;
    throw new FaultPlanInvalidError(file, [{ line: null, message }]);
  }
  const lines = new LineCounter();
  const lineAt = (offset: number) => lines.linePos(offset).line;
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const faults = document.errors.map(({ pos, message }) => ({ line: lineAt(pos[0]), message }));
    throw new FaultPlanInvalidError(file, faults);
  }
  const parsed = planFile.safeParse(document.toJS());
  if (!parsed.success) {
    const faults = parsed.error.issues.flatMap(toPlainIssues).map(({ path, message }) => ({
      line: lineAt(offsetOf(document, path)),
      message: path.length === 0 ? message : `${path.join('.')}: ${message}`,
    }));
    throw new FaultPlanInvalidError(file, faults);
  }
  return { seed: parsed.data.seed, rules: parsed.data.faults };
}
