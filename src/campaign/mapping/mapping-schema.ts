import { z } from 'zod';
import { CONVERSIONS } from './conversion.js';
import { isEncoding } from './file-encoding.js';
import { isMarkerFormat } from './marker-kind.js';
import { isDateFormat, isEpochFormat, isTimeZone } from './text-conversion.js';
import { TEXT_FUNCTIONS } from './text-function.js';

const XDM_PATH = /^[A-Za-z_@][\w@:-]*(?:\.[A-Za-z_@][\w@:-]*)*(?:\[\])?$/;
const IDENTITY_PATH = /^identityMap\.[^.]+$/;
const PERCENT = /^(?:100|\d{1,2}(?:\.\d+)?)%$/;
/** How a mapping refers to an environment variable. */
const EXAMPLE = `$\{CRM_DATABASE_URL}`;
const VARIABLE = /^\$\{[A-Z_][A-Z0-9_]*\}$/;

/** Up to a week or so, so that a timer can count every wait. */
const INTERVAL = /^[1-9]\d{0,2}[smh]$|^[1-7]d$/;

/** Columns without a header have numbers, which YAML need not quote. */
const column = z
  .union([z.string().min(1), z.int().positive()], 'expected the name of a column')
  .transform(String);
const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** The settings of a field. One of `column`, `concat` and `value` is there. */
export const fieldContent = z.strictObject({
  column: column
    .optional()
    .describe('A column of the source; for NDJSON a dot path, such as customer.email'),
  concat: z
    .array(column)
    .min(2)
    .optional()
    .describe('Columns whose texts are joined, without those that have no value'),
  separator: z.string().optional().describe('The separator between the texts of concat'),
  value: scalar.optional().describe('The same value for every record'),
  to: z
    .string()
    .regex(XDM_PATH, 'expected an XDM path such as person.name.firstName')
    .refine((path) => !path.split('.').includes('__proto__'), '__proto__ is not an XDM name')
    .describe(
      'An XDM path; identityMap.<namespace> makes the value an identity, and [] at the end an item of a list',
    ),
  split: z.string().min(1).optional().describe('Cuts the text into items of a list'),
  apply: z
    .array(z.enum(TEXT_FUNCTIONS))
    .min(1)
    .optional()
    .describe('Functions applied to the text, in this order'),
  map: z
    .record(z.string(), z.union([scalar, z.null()]))
    .optional()
    .describe('The value that each text stands for; records with another text are rejected'),
  default: z
    .union([scalar, z.null()])
    .optional()
    .describe('What is sent if there is no value; null is sent as null'),
  as: z
    .enum(CONVERSIONS)
    .optional()
    .describe('What the value is converted to; without it, the value is used unchanged'),
  format: z
    .string()
    .refine(
      (format) => isEpochFormat(format) || isDateFormat(format),
      'expected the format of a date, such as dd/MM/yyyy, epoch-seconds or epoch-milliseconds',
    )
    .optional()
    .describe(
      'The format of dates and date-times, such as dd/MM/yyyy HH:mm, epoch-seconds or epoch-milliseconds',
    ),
  timeZone: z
    .string()
    .refine(isTimeZone, 'expected a time zone such as Europe/Berlin')
    .optional()
    .describe('The time zone of the values; without it, UTC'),
  decimal: z
    .literal(',')
    .optional()
    .describe('The decimal separator of numbers; without it, a point'),
  required: z
    .boolean()
    .optional()
    .describe('true: reject records that have no value here; false: the column may be missing'),
  enum: z
    .array(scalar)
    .min(1)
    .optional()
    .describe('Reject records with any other value, after the conversion'),
  pattern: z
    .string()
    .refine(isPattern, 'expected a regular expression')
    .optional()
    .describe('A regular expression that some part of the value must match'),
  primary: z
    .literal(true)
    .optional()
    .describe('For an identity: it is the primary one; records without it are rejected'),
  authenticatedState: z
    .enum(['ambiguous', 'authenticated', 'loggedOut'])
    .optional()
    .describe('For an identity: how certain it is that it belongs to the person'),
});

const field = fieldContent.superRefine((content, context) => {
  for (const [at, message] of issuesOfField(content)) {
    context.addIssue({ code: 'custom', path: [at], message });
  }
});

/** Settings of a field that exclude each other. */
function* issuesOfField(
  content: z.output<typeof fieldContent>,
): Generator<readonly [string, string]> {
  const { to, as, format, primary, authenticatedState } = content;
  const origins = (['column', 'concat', 'value'] as const).filter(
    (name) => content[name] !== undefined,
  );
  if (origins.length !== 1) yield ['to', 'expected one of column, concat and value'];
  if (content.separator !== undefined && content.concat === undefined) {
    yield ['separator', 'only applies to concat'];
  }
  if (content.split !== undefined && !to.endsWith('[]')) {
    yield ['split', 'creates items of a list, so to must end in []'];
  }
  if (content.default !== undefined && content.required !== undefined) {
    yield ['default', 'a field with a default is never without a value: leave required out'];
  }
  if (format !== undefined && as !== 'date' && as !== 'date-time') {
    yield ['format', 'only applies to dates: as must be date or date-time'];
  }
  const isEpoch = format !== undefined && isEpochFormat(format);
  if (isEpoch && as === 'date')
    yield ['format', 'only applies to date-times: as must be date-time'];
  if (isEpoch && content.timeZone !== undefined) {
    yield ['timeZone', 'does not apply to a count from 1970'];
  }
  if (content.timeZone !== undefined && (format === undefined || as !== 'date-time')) {
    yield ['timeZone', 'only applies to date-times with a format'];
  }
  if (content.decimal !== undefined && as !== 'number' && as !== 'integer') {
    yield ['decimal', 'only applies to numbers: as must be number or integer'];
  }
  if (to.split('.')[0] !== 'identityMap') {
    if (primary !== undefined) yield ['primary', 'only applies to an identity'];
    if (authenticatedState !== undefined)
      yield ['authenticatedState', 'only applies to an identity'];
    return;
  }
  if (!IDENTITY_PATH.test(to)) {
    yield ['to', 'expected identityMap and one namespace, such as identityMap.Email'];
  }
  if (as !== undefined && as !== 'string') yield ['as', 'an identity is always a string'];
  if (content.default === null) yield ['default', 'an identity is always a string'];
}

/** What all files have in common. */
const file = {
  path: z.string().min(1).describe("Relative to this file; the file's name may have wildcards"),
  encoding: z
    .string()
    .refine(isEncoding, 'expected an encoding such as windows-1252')
    .optional()
    .describe(
      'Such as windows-1252; without it UTF-8, or UTF-16 if the file has a byte order mark',
    ),
  ready: z
    .string()
    .regex(/^\.[\w.-]+$/, 'expected a suffix for the name of the file, such as .done')
    .optional()
    .describe('A file is read once there is another one with this suffix beside it'),
};

const CHARACTER = 'expected one character';

/** Where the records come from. */
export const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('csv'),
    ...file,
    delimiter: z
      .string()
      .regex(/^[^\r\n"]$/, CHARACTER)
      .optional()
      .describe('Without it, whichever of , ; tab and | fits'),
    quote: z
      .string()
      .regex(/^[^\r\n]?$/, CHARACTER)
      .optional()
      .describe('Empty: nothing is quoted'),
    header: z.boolean().optional().describe('false: columns are numbered from 1'),
  }),
  z.strictObject({ kind: z.literal('ndjson'), ...file }),
  z.strictObject({
    kind: z.literal('sqlite'),
    path: z.string().min(1).describe('The database file, relative to this file'),
    table: z.string().min(1).describe('A table or view'),
  }),
  z.strictObject({
    kind: z.literal('postgres'),
    url: z
      .string()
      // Without the value itself, which may contain a password.
      .regex(VARIABLE, `expected an environment variable, such as ${EXAMPLE}`)
      .describe(`The environment variable with the connection string: ${EXAMPLE}`),
    schema: z.string().min(1).optional(),
    table: z.string().min(1).describe('A table or view'),
  }),
]);

/** The content of a mapping's YAML file. The editors' `mappings/mapping.schema.json` is generated from it. */
export const mappingSchema = z.strictObject({
  $schema: z.string().optional().describe('For editors'),
  id: z.string().min(1).max(200).describe('What callers put into the path'),
  label: z.string().min(1),
  publication: z.enum(['published', 'unpublished']),
  execution: z.enum(['started', 'stopped']),
  every: z
    .string()
    .regex(INTERVAL, 'expected an interval such as 90s, 15m, 6h or 1d')
    .optional()
    .describe(
      'The time between two scheduled runs: 90s, 15m, 6h, 1d; by default the service decides',
    ),
  source: source.describe('Where the records come from'),
  key: column.describe('The column that identifies a record'),
  changed: z
    .union([
      column,
      z.strictObject({
        column: column.describe('The column'),
        as: z.enum(['number', 'date-time', 'text']).describe('The type of its values'),
        format: z
          .string()
          .refine(
            isMarkerFormat,
            'expected iso, epoch-seconds, epoch-milliseconds, or a pattern such as dd/MM/yyyy HH:mm:ss',
          )
          .optional()
          .describe(
            'For date-times: iso, epoch-seconds, epoch-milliseconds, or a pattern such as dd/MM/yyyy HH:mm:ss',
          ),
      }),
    ])
    .optional()
    .describe('The column that rises with each change; without it every run sends everything'),
  lag: z
    .string()
    .regex(INTERVAL, 'expected an interval such as 90s, 15m, 6h or 1d')
    .optional()
    .describe('For tables: how long a transaction may take to commit; 10m by default'),
  dataset: z
    .string()
    .regex(/^[0-9a-f]{24}$/, "expected the id of Platform's dataset: 24 hexadecimal digits")
    .describe("The id of Platform's dataset"),
  // At least one record in a quarter of an hour, so that a timer can count every wait.
  recordsPerSecond: z
    .number()
    .min(0.001)
    .max(1_000_000)
    .optional()
    .describe('Without it a run goes as fast as it can'),
  maxRejected: z
    .union(
      [
        z.int().nonnegative(),
        z.string().regex(PERCENT, 'expected a number of records, or a percentage such as 5%'),
      ],
      'expected a number of records, or a percentage such as 5%',
    )
    .default(0)
    .describe('How many bad records a run tolerates: a number, or a percentage such as 5%'),
  null: z
    .array(z.string())
    .optional()
    .describe('Texts that stand for no value, such as NULL; blanks around them do not count'),
  fields: z.array(field).min(1).superRefine(refuseOverlaps).superRefine(refuseSecondPrimary),
});

/** Only one identity is the primary one. */
function refuseSecondPrimary(
  fields: readonly { primary?: true | undefined }[],
  context: z.RefinementCtx,
): void {
  const [, second] = [...fields.keys()].filter((index) => fields[index]?.primary);
  if (second === undefined) return;
  const message = 'another identity is already the primary one';
  context.addIssue({ code: 'custom', path: [second, 'primary'], message });
}

/** Each path has one source, and none leads through another's value. Identities share a namespace, and items a list. */
function refuseOverlaps(
  fields: readonly { to: string }[],
  context: z.RefinementCtx<{ to: string }[]>,
): void {
  for (const [index, { to }] of fields.entries()) {
    const earlier = fields
      .slice(0, index)
      .find(
        (other) =>
          (other.to === to && !IDENTITY_PATH.test(to) && !to.endsWith('[]')) ||
          other.to === `${to}[]` ||
          to === `${other.to}[]` ||
          other.to.startsWith(`${to.replace('[]', '')}.`) ||
          to.startsWith(`${other.to.replace('[]', '')}.`),
      );
    if (earlier === undefined) continue;
    const message =
      earlier.to === to ? `${to} is mapped twice` : `${to} and ${earlier.to} cannot both be values`;
    context.addIssue({ code: 'custom', path: [index, 'to'], message });
  }
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}
