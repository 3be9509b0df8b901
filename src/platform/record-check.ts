import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import draft6 from 'ajv/dist/refs/json-schema-draft-06.json' with { type: 'json' };
import addFormats from 'ajv-formats';
import type { Clock } from '../adobe/clock.js';
import { toRegExp } from '../adobe/json-pattern.js';
import type { Dataset } from './dataset.js';
import { toJsonText } from './json-text.js';
import type { RecordIssue, RecordIssueKind } from './record-issue.js';
import { convert, DATE_TIME_FORMS, isDate, isDateTime } from './xdm-conversion.js';

/** What every record of the event class must have. */
const EVENT_RULES = {
  required: ['_id', 'timestamp'],
  properties: { _id: { type: 'string' }, timestamp: { type: 'string', format: 'date-time' } },
};

const OPTIONS = {
  allErrors: true,
  verbose: true,
  validateSchema: false,
  // Schemas were checked when they were loaded.
  strictSchema: false,
  strictTypes: false,
  strictTuples: false,
  logger: false,
  code: { regExp: Object.assign(toRegExp, { code: 'toRegExp' }) },
} as const;

/** Adobe's own examples have `adobe.com/creativecloud` and `/{BATCH_ID}`. */
const XDM_URI = /^[^\s\p{Cc}]*$/u;

/** Finds out what is wrong with a record; nothing, if it can be ingested. It may convert values in place. */
export type RecordCheck = (record: Record<string, unknown>) => readonly RecordIssue[];

/**
 * Create the check of a dataset's records. Its schema is compiled once.
 *
 * @throws the schema is not one
 */
export function createRecordCheck(dataset: Dataset, clock: Pick<Clock, 'now'>): RecordCheck {
  const ajv = new Ajv(OPTIONS);
  ajv.addMetaSchema(draft6);
  // Both are CommonJS: what TypeScript considers the module is its default export.
  addFormats.default(ajv);
  ajv.addFormat('date', isDate).addFormat('date-time', isDateTime);
  for (const name of ['uri', 'uri-reference', 'url']) ajv.addFormat(name, XDM_URI);
  const isEvent = dataset.class === 'event';
  const { schema } = dataset;
  // Compiled separately, so that `#` in the schema means the schema.
  const validators = [ajv.compile(schema), ...(isEvent ? [ajv.compile(EVENT_RULES)] : [])];

  return (record) => {
    const errors = validators.flatMap((validate) => errorsOf(validate, record));
    if (errors.length > 0) return errors.map((error) => toIssue(error, record));
    return isEvent ? timeIssuesOf(record, clock.now()) : [];
  };
}

/** Validate, and once more if something could be converted. Most records need no conversion. */
function errorsOf(
  validate: ValidateFunction,
  record: Record<string, unknown>,
): readonly ErrorObject[] {
  if (validate(record)) return [];
  const errors = validate.errors ?? [];
  const mended = errors.filter((error) => mend(error, record));
  if (mended.length === 0) return errors;
  return validate(record) ? [] : (validate.errors ?? []);
}

/**
 * Replace a value of the wrong type by a converted one, or drop a null, which counts as absent.
 *
 * @returns true if the record was changed
 */
function mend({ keyword, instancePath, data, parentSchema }: ErrorObject, record: object): boolean {
  if (keyword !== 'type' || instancePath === '') return false;
  const path = instancePath.slice(1).split('/').map(toName);
  const last = path.pop() ?? '';
  const parent = path.reduce<unknown>((value, name) => childOf(value, name), record);
  if (typeof parent !== 'object' || parent === null) return false;
  if (data === null) return Reflect.deleteProperty(parent, last);
  const converted = convert(data, parentSchema?.type, parentSchema?.format);
  if (converted === undefined) return false;
  return Reflect.set(parent, last, converted);
}

function childOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Resolve a JSON pointer's escapes. */
function toName(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function toIssue(error: ErrorObject, record: Record<string, unknown>): RecordIssue {
  const { keyword, instancePath, schemaPath } = error;
  return {
    kind: kindOf(error),
    keyword,
    message: toMessage(error, record),
    pointer: `#${instancePath}`,
    schemaLocation: schemaPath.replace(/^#\/allOf\/\d/, '#').replace(/\/[^/]*$/, ''),
  };
}

function kindOf({ keyword, data }: ErrorObject): RecordIssueKind {
  if (keyword === 'required' || data === null) return 'required';
  return keyword === 'type' ? 'conversion' : 'constraint';
}

function toMessage({ keyword, message = '', params, data }: ErrorObject, record: object): string {
  if (keyword === 'format' && params.format === 'date-time') {
    return `[${data}] is not a valid date-time. Expected [${DATE_TIME_FORMS}]`;
  }
  switch (keyword) {
    case 'additionalProperties':
      return `extraneous key [${params.additionalProperty}] is not permitted`;
    case 'required':
      return `required key [${params.missingProperty}] not found`;
    default:
      return data === record ? message : `[${toShortText(data)}] ${message}`;
  }
}

function toShortText(data: unknown): string {
  const text = typeof data === 'string' ? data : toJsonText(data);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** An event has happened, so its time is not in the future. */
function timeIssuesOf(record: Record<string, unknown>, now: number): RecordIssue[] {
  if (Date.parse(String(record.timestamp)) <= now) return [];
  return [
    {
      kind: 'constraint',
      keyword: 'timestamp',
      message: `[${record.timestamp}] is in the future`,
      pointer: '#/timestamp',
      schemaLocation: '#/properties/timestamp',
    },
  ];
}
