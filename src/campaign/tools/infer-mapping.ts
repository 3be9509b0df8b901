import { DateTime } from 'luxon';

/** XDM paths for common names of columns, without case, blanks and underscores. */
const USUAL_PATHS: readonly (readonly [RegExp, string])[] = [
  [/^(e?mail|emailaddress|adresseemail|courriel)$/, 'identityMap.Email'],
  [/^(first|given|fore)name|vorname|prénom|prenom$/, 'person.name.firstName'],
  [/^((last|family|sur)name|nachname|nom|nomdefamille)$/, 'person.name.lastName'],
  [
    /^(birth(day|date)?|dateofbirth|dob|geburtsdatum|datedenaissance|naissance)$/,
    'person.birthDate',
  ],
  [/^(mobile|phone|telephone|telefon|handy|mobilephone|téléphone)(number)?$/, 'mobilePhone.number'],
  [/^(street|strasse|straße|rue|address|adresse)$/, 'homeAddress.street1'],
  [/^(city|town|ort|stadt|ville)$/, 'homeAddress.city'],
  [/^(zip|zipcode|postcode|postalcode|plz|codepostal)$/, 'homeAddress.postalCode'],
  [/^(country|land|pays)(code)?$/, 'homeAddress.countryCode'],
];

const DATES = ['dd/MM/yyyy', 'MM/dd/yyyy', 'dd.MM.yyyy', 'dd-MM-yyyy', 'yyyy/MM/dd'] as const;
const TIMES = ['', ' HH:mm', ' HH:mm:ss'] as const;
const NULLS = new Set(['NULL', 'null', '\\N', 'N/A', 'n/a', '#N/A', '-']);
/** Two texts that mean yes and no. */
const YES_AND_NO = [
  ['Y', 'N'],
  ['y', 'n'],
  ['O', 'N'],
  ['J', 'N'],
  ['Oui', 'Non'],
  ['oui', 'non'],
  ['Ja', 'Nein'],
  ['ja', 'nein'],
  ['WAHR', 'FALSCH'],
  ['VRAI', 'FAUX'],
  ['X', ''],
] as const;

/** Names of columns that identify a record, rather than only having different values in the first ones. */
const KEY_NAME =
  /(?:^|[^A-Za-z])(?:[Ii][Dd]|[Nn][RrOo]|[Kk][Ee][Yy])\.?$|(?:I[Dd]|[Uu][Uu][Ii][Dd])$/;

const WITH_DECIMAL_COMMA = /^-?(\d+|\d{1,3}([. ]\d{3})+)(,\d+)?$/;

/**
 * Write a likely mapping for a file. What it can't know is a placeholder with a comment.
 *
 * @throws if the first line is for a spreadsheet
 */
export function inferMapping(file: {
  /** As the mapping should name it. */
  readonly path: string;
  /** Null if the mapping need not say it. */
  readonly encoding: string | null;
  readonly delimiter: string;
  readonly header: readonly string[];
  readonly records: readonly (readonly string[])[];
}): string {
  const { header, records } = file;
  if (/^sep=/i.test(header[0] ?? '')) {
    throw new Error('begins with "sep=", which is for Excel alone: delete that line');
  }
  const columns = header.map((name, index) => ({
    name,
    values: records.map((record) => (record[index] ?? '').trim()),
  }));
  const named = columns.filter(
    ({ name }) => name !== '' && header.indexOf(name) === header.lastIndexOf(name),
  );
  const nulls = new Set(named.flatMap(({ values }) => values).filter((value) => NULLS.has(value)));
  const filled = (values: readonly string[]) =>
    values.filter((value) => value !== '' && !nulls.has(value));
  const uniques = named.filter(
    ({ values }) =>
      filled(values).length === values.length && new Set(values).size === values.length,
  );
  const unique = uniques.find(({ name }) => KEY_NAME.test(name)) ?? uniques[0];
  const hasDecimalCommas = named.some(({ values }) => areDecimalCommas(filled(values)));
  const key = unique ?? named[0];
  const leftOut = [...new Set(header)].filter((name) => !named.some((one) => one.name === name));
  const paths = new Map<string, string>();
  for (const { name } of named)
    paths.set(name, pathOf(name, name === key?.name, [...paths.values()]));
  const source = [
    'kind: csv',
    `path: ${quoted(file.path)}`,
    ...(file.encoding === null ? [] : [`encoding: ${file.encoding}`]),
    `delimiter: ${quoted(file.delimiter)}`,
  ];
  return [
    '# yaml-language-server: $schema=mapping.schema.json',
    'id: my-mapping # what callers put into the path',
    'label: My mapping',
    ...(header.some(looksLikeValue) ? ['# Is line 1 a header? It looks like a record.'] : []),
    `source: { ${source.join(', ')} }${header.length === 1 ? ' # one column: is that the delimiter?' : ''}`,
    `key: ${quoted(key?.name ?? '')} # ${unique ? 'the column that identifies a record' : 'choose another: records share its values, or have none'}`,
    'publication: published',
    'execution: stopped',
    "dataset: '000000000000000000000000' # the id of Platform's dataset",
    'maxRejected: 0',
    ...(nulls.size === 0 ? [] : [`null: [${[...nulls].map(quoted).join(', ')}]`]),
    'fields:',
    ...named.map(({ name, values }) => {
      const { settings, comment } = settingsOf(filled(values), values, hasDecimalCommas);
      const to = paths.get(name) ?? '';
      const isText = to.startsWith('identityMap.') || to === '_id';
      const fields = [`column: ${quoted(name)}`, `to: ${to}`, ...(isText ? [] : settings)];
      return `  - { ${fields.join(', ')} }${isText ? '' : comment}`;
    }),
    ...leftOut.map((name) => `  # left out: ${describeLeftOut(name)}`),
    '',
  ].join('\n');
}

/** Names are seldom addresses, dates or numbers. */
function looksLikeValue(name: string): boolean {
  return /^[^@\s]+@[^@\s]+\.\w+$|^\d{5,}$|^\d{4}-\d{2}-\d{2}/.test(name.trim());
}

function describeLeftOut(name: string): string {
  return name === '' ? 'columns without a name' : `several columns are called ${quoted(name)}`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

function pathOf(name: string, isKey: boolean, taken: readonly string[]): string {
  if (isKey) return '_id';
  const plain = name.toLowerCase().replace(/[\s_-]/g, '');
  const [, usual] = USUAL_PATHS.find(([pattern]) => pattern.test(plain)) ?? [];
  if (usual !== undefined && !taken.includes(usual)) return usual;
  const words = name
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .match(/[A-Za-z0-9]+/g) ?? ['column'];
  const camel = words
    .map((word, at) =>
      at === 0 ? word.toLowerCase() : (word[0] ?? '').toUpperCase() + word.slice(1),
    )
    .join('');
  const path = `_tenant.${/^[A-Za-z]/.test(camel) ? camel : `c${camel}`}`;
  return taken.includes(path) ? `${path}${taken.length}` : path;
}

interface Settings {
  readonly settings: readonly string[];
  readonly comment: string;
}

function areDecimalCommas(values: readonly string[]): boolean {
  return (
    values.every((value) => WITH_DECIMAL_COMMA.test(value)) &&
    values.some((value) => value.includes(','))
  );
}

/** @param hasDecimalCommas - of another column, maybe */
function settingsOf(
  filled: readonly string[],
  all: readonly string[],
  hasDecimalCommas: boolean,
): Settings {
  const none = { settings: [], comment: '' };
  if (filled.length === 0) return { settings: [], comment: ' # no values' };
  const are = (pattern: RegExp) => filled.every((value) => pattern.test(value));
  if (are(/^(true|false)$/i)) return { settings: ['as: boolean'], comment: '' };
  const distinct = new Set(all);
  const pair = YES_AND_NO.find((texts) =>
    [...distinct].every((value) => texts.includes(value as never) || value === ''),
  );
  if (pair !== undefined) {
    const [yes, no] = pair;
    const map = `map: { ${quoted(yes)}: true${no === '' ? '' : `, ${quoted(no)}: false`} }`;
    return { settings: [map], comment: '' };
  }
  if (are(/^\d{4}-\d{2}-\d{2}$/)) return { settings: ['as: date'], comment: '' };
  if (are(/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}/))
    return { settings: ['as: date-time'], comment: '' };
  const formats = DATES.flatMap((date) => TIMES.map((time) => date + time)).filter((format) =>
    filled.every((value) => DateTime.fromFormat(value, format, { zone: 'utc' }).isValid),
  );
  const [format, other] = formats;
  if (format !== undefined) {
    const as = format.includes('HH') ? 'as: date-time' : 'as: date';
    const comment = other === undefined ? '' : ` # or ${other}: the values fit both`;
    return { settings: [as, `format: ${quoted(format)}`], comment };
  }
  // Digits that begin with a zero, or are as many as in a telephone number, identify something and are no number.
  if (are(/^-?(0|[1-9]\d{0,8})$/)) return { settings: ['as: integer'], comment: '' };
  const withComma = { settings: ['as: number', "decimal: ','"], comment: '' };
  if (areDecimalCommas(filled)) return withComma;
  if (are(/^-?\d+(\.\d+)?$/) && filled.some((value) => value.includes('.'))) {
    const mayBeThousands = are(/^-?\d{1,3}(\.\d{3})*$/);
    if (mayBeThousands && hasDecimalCommas) return withComma;
    const comment = mayBeThousands ? " # with decimal: ',' if the points separate thousands" : '';
    return { settings: ['as: number'], comment };
  }
  return none;
}
