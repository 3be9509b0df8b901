import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { readTextFile } from '../../adobe/strict-text.js';
import { offsetOf, toPlainIssues } from '../mapping/yaml-issues.js';
import { ANSWERS, type FaultPlan, OPERATIONS } from './fault-plan.js';

/** Nobody waits for a call that is delayed for longer. In ms. */
const MAX_DELAY_MS = 600_000;

const count = z.int().positive();

const when = z.union(
  [
    z.strictObject({ nth: count }),
    z.strictObject({ every: count }),
    z.strictObject({ first: count }),
    z.strictObject({ probability: z.number().min(0).max(1) }),
  ],
  'expected one of nth, every and first with a positive whole number, or probability with 0 to 1',
);

const target = { on: z.enum(OPERATIONS), mapping: z.string().min(1).optional(), when };

const rule = z
  .discriminatedUnion('do', [
    z.strictObject({ ...target, do: z.literal('delay'), delayMs: count.max(MAX_DELAY_MS) }),
    z.strictObject({ ...target, do: z.literal('drop') }),
    z.strictObject({ ...target, do: z.literal('reset') }),
    z.strictObject({
      ...target,
      do: z.literal('answer'),
      // YAML reads 503 as a number.
      as: z.preprocess(String, z.enum(ANSWERS)),
      retryAfterS: z.int().nonnegative().optional(),
    }),
    z.strictObject({ ...target, do: z.literal('truncate'), bytes: z.int().nonnegative() }),
    z.strictObject({ ...target, do: z.literal('loseAnswer') }),
    z.strictObject({ ...target, do: z.literal('crash') }),
  ])
  .refine(({ on, mapping }) => on !== 'token' || mapping === undefined, {
    path: ['mapping'],
    error: 'a token has no mapping',
  })
  .transform(({ on, mapping, when, ...fault }) => ({ on, mapping, when, fault }));

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
