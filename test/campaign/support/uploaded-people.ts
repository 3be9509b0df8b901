import { createRunHarness, mappingOf } from './run-harness.js';
import type { PlatformCall, PlatformFault } from './scripted-platform.js';

/** A CSV file of so many people. */
export const people = (count: number) =>
  [
    'id,name',
    ...Array.from({ length: count }, (_, index) => `p-${index + 1},Zoë ${index + 1}`),
    '',
  ].join('\n');

/** A run of so many people, with the faults scripted before. */
export async function runWith(
  faults: readonly (readonly [PlatformCall, ...PlatformFault[]])[],
  { count = 3, fileBytes = 64 * 1024 } = {},
) {
  const harness = await createRunHarness({ fileBytes });
  const path = await harness.write('people.csv', people(count));
  for (const [call, ...wrong] of faults) harness.platform.fail(call, ...wrong);
  const outcome = await harness.run(mappingOf({ kind: 'csv', path }));
  return { harness, outcome };
}

/** The ids of so many people. */
export const ids = (count: number) => Array.from({ length: count }, (_, index) => `p-${index + 1}`);
