import { z } from 'zod';
import { CONVERSIONS } from './conversion.js';
import { isMarkerFormat } from './source/marker-kind.js';

const XDM_PATH = /^[A-Za-z_@][\w@:-]*(?:\.[A-Za-z_@][\w@:-]*)*$/;
const IDENTITY_PATH = /^identityMap\.[^.]+$/;
const PERCENT = /^(?:100|\d{1,2}(?:\.\d+)?)%$/;
/** How a mapping names an environment variable. */
const EXAMPLE = `$\{CRM_DATABASE_URL}`;
const VARIABLE = /^\$\{[A-Z_][A-Z0-9_]*\}$/;

/** Up to a week or so, so that every wait is one that a timer can count. */
const INTERVAL = /^[1-9]\d{0,2}[smh]$|^[1-7]d$/;

const column = z.string().min(1);

const field = z
  .strictObject({
    column: column.describe('A column of the source; of NDJSON a dot path, such as customer.email'),
    to: z
      .string()
      .regex(XDM_PATH, 'expected an XDM path such as person.name.firstName')
      .refine((path) => !path.split('.').includes('__proto__'), '__proto__ is not an XDM name')
      .describe('An XDM path; identityMap.<namespace> makes the value an identity'),
    as: z
      .enum(CONVERSIONS)
      .optional()
      .describe('What the value is turned into; without it, it is taken as it is'),
    required: z.boolean().optional().describe('Reject records that have no value here'),
    enum: z
      .array(z.union([z.string(), z.number(), z.boolean()]))
      .min(1)
      .optional()
      .describe('Reject records with any other value'),
    pattern: z
      .string()
      .refine(isPattern, 'expected a regular expression')
      .optional()
      .describe('A regular expression that the value must match'),
  })
  .superRefine(({ to, as }, context) => {
    if (to.split('.')[0] !== 'identityMap') return;
    const fault = (at: string, message: string) =>
      context.addIssue({ code: 'custom', path: [at], message });
    if (!IDENTITY_PATH.test(to)) {
      fault('to', 'expected identityMap and one namespace, such as identityMap.Email');
    }
    if (as !== undefined && as !== 'string') fault('as', 'an identity is always a string');
  });

const source = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(['csv', 'ndjson']),
    path: z.string().min(1).describe('Relative to this file'),
  }),
  z.strictObject({
    kind: z.literal('sqlite'),
    path: z.string().min(1).describe('The database file, relative to this file'),
    table: z.string().min(1).describe('A table or view'),
  }),
  z.strictObject({
    kind: z.literal('postgres'),
    url: z
      .string()
      // The value itself stays out of the message: it may hold a password.
      .regex(VARIABLE, `expected an environment variable, such as ${EXAMPLE}`)
      .describe(`The environment variable with the connection string: ${EXAMPLE}`),
    schema: z.string().min(1).optional(),
    table: z.string().min(1).describe('A table or view'),
  }),
]);

/** What a mapping's YAML holds. The editors' `mappings/mapping.schema.json` is made of it. */
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
      'From one scheduled run to the next: 90s, 15m, 6h, 1d; without it, as the service says',
    ),
  source: source.describe('Where the records come from'),
  key: column.describe('The column whose value names a record'),
  changed: z
    .union([
      column,
      z.strictObject({
        column: column.describe('The column'),
        as: z.enum(['number', 'date-time', 'text']).describe('What its values are'),
        format: z
          .string()
          .refine(
            isMarkerFormat,
            'expected iso, epoch-seconds, epoch-milliseconds, or such as dd/MM/yyyy HH:mm:ss',
          )
          .optional()
          .describe(
            'Of date-times: iso, epoch-seconds, epoch-milliseconds, or such as dd/MM/yyyy HH:mm:ss',
          ),
      }),
    ])
    .optional()
    .describe('The column that rises with each change; without it every run sends everything'),
  lag: z
    .string()
    .regex(INTERVAL, 'expected an interval such as 90s, 15m, 6h or 1d')
    .optional()
    .describe('Of tables: how long a transaction may take to commit; 10m without it'),
  dataset: z
    .string()
    .regex(/^[0-9a-f]{24}$/, "expected the id of Platform's dataset: 24 hexadecimal digits")
    .describe("The id of Platform's dataset"),
  // From one record in a quarter of an hour, so that every wait is one that a timer can count.
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
    .describe('How many bad records a run bears: a number, or a percentage such as 5%'),
  fields: z.array(field).min(1).superRefine(refuseOverlaps),
});

/** Each path has one source, and none runs through another's value. Identities may share a namespace. */
function refuseOverlaps(
  fields: readonly { to: string }[],
  context: z.RefinementCtx<{ to: string }[]>,
): void {
  for (const [index, { to }] of fields.entries()) {
    const earlier = fields
      .slice(0, index)
      .find(
        (other) =>
          (other.to === to && !IDENTITY_PATH.test(to)) ||
          other.to.startsWith(`${to}.`) ||
          to.startsWith(`${other.to}.`),
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
