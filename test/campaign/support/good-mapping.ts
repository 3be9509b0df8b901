import { parseMapping } from '../../../src/campaign/mapping/mapping-file.js';

/** A mapping file with most of what may be in one. */
export const GOOD = `
id: "42"
label: Profiles
source: { kind: csv, path: people.csv }
publication: published
execution: stopped
key: id
dataset: 6563a1f0c4d2e8b79a015e01
recordsPerSecond: 10
maxRejected: 5%
fields:
  - { column: id, to: _id }
  - { column: mail, to: identityMap.Email }
`.trimStart();

/** A source whose connection string is in a variable. */
export const POSTGRES = `source:
  kind: postgres
  url: \${CRM_DATABASE_URL}
  table: people`;

/** Read it, in an environment that has the variable. */
export const parse = (text: string) =>
  parseMapping('/m/a.yaml', text, { CRM_DATABASE_URL: 'postgres://' });
