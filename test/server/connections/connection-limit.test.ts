import { expect, it } from '@jest/globals';
import { readFileLimit } from '../../../src/process/file-limit.js';
import { toMaxConnections } from '../../../src/server/connections/connection-limit.js';

it.each([
  ['the file limit is unknown', null, 30_000],
  ['the file limit is ample', 1_000_000, 30_000],
  ['the file limit is usual', 20_000, 19_488],
  ['the file limit is low', 1_024, 768],
  ['the file limit is very low', 80, 16],
  ['the file limit is too low', 40, 1],
])('limits the connections of clients if %s', (_, fileLimit, connections) => {
  expect(toMaxConnections(10_000, fileLimit)).toBe(connections);
});

it('reads the file limit of this process, if the system reports it', () => {
  expect(readFileLimit('/nowhere')).toBeNull();
  if (process.platform === 'linux') expect(readFileLimit()).toBeGreaterThan(100);
});
