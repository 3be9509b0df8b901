import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadMappings } from '../../../src/campaign/mapping/mappings.js';
import { GOOD } from '../support/good-mapping.js';
import { createWorkspace, mappingYaml } from '../support/running-service.js';

describe('a folder of mappings', () => {
  it('is refused with all issues of all its files together', async () => {
    await using space = await createWorkspace({
      'a.yaml': GOOD.replace('published', 'secret').replace('stopped', 'paused'),
      'b.yml': GOOD,
      'c.yaml': mappingYaml('42'),
      'd.yaml': GOOD.replace('label: Profiles\n', ''),
      'notes.txt': 'not a mapping',
    });
    const file = (name: string) => join(space.mappingsDir, name);
    const message = await loadMappings(space.mappingsDir, {}).then(
      () => 'loaded',
      (error: Error) => error.message,
    );
    expect(message.split('\n')).toEqual([
      '4 faults in the mappings:',
      expect.stringContaining(`${file('a.yaml')}:4: publication: Invalid option`),
      expect.stringContaining(`${file('a.yaml')}:5: execution: Invalid option`),
      `  ${file('c.yaml')}: id: "42" is already the id of ${file('b.yml')}`,
      expect.stringContaining(`${file('d.yaml')}:1: label: Invalid input: expected string`),
    ]);
  });

  it('is refused if it is missing or empty', async () => {
    await using space = await createWorkspace();
    await expect(loadMappings(space.mappingsDir, {})).rejects.toThrow(
      'contains no mapping (*.yaml)',
    );
    await expect(loadMappings(join(space.mappingsDir, 'gone'), {})).rejects.toThrow(
      /cannot be read: ENOENT/,
    );
  });
});
