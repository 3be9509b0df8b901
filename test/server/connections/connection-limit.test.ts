import { expect, it } from '@jest/globals';
import { readFileLimit } from '../../../src/process/file-limit.js';
import { toMaxConnections } from '../../../src/server/connections/connection-limit.js';

it.each([
  ['nobody knows how many files', null, 30_000],
  ['there are more than enough', 1_000_000, 30_000],
  ['there are a usual number', 20_000, 19_488],
  ['there are few', 1_024, 768],
  ['there are very few', 80, 16],
  ['there are too few', 40, 1],
])('where %s, clients may have so many connections', (_, fileLimit, connections) => {
  expect(toMaxConnections(10_000, fileLimit)).toBe(connections);
});

it('the limit is that of this process, if the system reports it', () => {
  expect(readFileLimit('/nowhere')).toBeNull();
  if (process.platform === 'linux') expect(readFileLimit()).toBeGreaterThan(100);
});
