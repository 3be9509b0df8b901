import { expect, it } from '@jest/globals';
import { LogUnavailableError } from '../src/ingestion/gateway-error.js';
import { toStartFault } from '../src/start-fault.js';

it('says in one line, with the database’s own words, that the log cannot be used now', () => {
  const cause = new Error('too many connections for database "sluice"');
  expect(toStartFault(new LogUnavailableError('The database is away.', { cause }))).toBe(
    'The log cannot be used now (too many connections for database "sluice"). See to DATABASE_URL, or DATA_DIR, and to how many connections the database, the user and a pooler let the gateway have.',
  );
});

it('has a stack of what nobody foresaw', () => {
  const error = new Error('never foreseen');
  expect(toStartFault(error)).toBe(error);
});
