import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { credentials, remote, setUpSettings } from './set-up-settings.js';

const { directory, issuesOf, parse, warnings } = setUpSettings();

describe('a secret', () => {
  const secretFile = (content: string) => {
    const path = join(directory(), 'secret');
    writeFileSync(path, content);
    return path;
  };
  const all = [
    ['CAMPAIGN_API_KEY', remote],
    ['CAMPAIGN_ACCESS_TOKEN', remote],
    ['IMS_CLIENT_SECRET', credentials],
  ] as const;

  it.each(all)('%s may come from a file', (name, environment) => {
    for (const content of ['from-file', 'from-file\n', 'from-file\r\n']) {
      const given = { ...environment, [name]: '', [`${name}_FILE`]: secretFile(content) };
      expect(parse(given)).toEqual(parse({ ...environment, [name]: 'from-file' }));
    }
    expect(warnings).toEqual([]);
  });

  it.each(all)('%s is rejected if it is set in two places', (name, environment) => {
    const faults = issuesOf({ ...environment, [`${name}_FILE`]: secretFile('other') });
    expect(faults).toEqual([`${name} and ${name}_FILE are both set: expected one of them`]);
  });

  it.each(all)('%s is reported once if its file cannot be read', (name, environment) => {
    const missing = join(directory(), 'missing');
    const given = (path: string) => ({ ...environment, [name]: '', [`${name}_FILE`]: path });
    expect(issuesOf(given(missing))).toEqual([
      `${name}_FILE=${missing}: expected a file that can be read (ENOENT)`,
    ]);
    expect(issuesOf(given(directory()))).toEqual([
      `${name}_FILE=${directory()}: expected a file that can be read (EISDIR)`,
    ]);
  });

  it.each(all)('%s is reported once if its file is empty', (name, environment) => {
    for (const content of ['', '\n']) {
      const path = secretFile(content);
      const given = { ...environment, [name]: '', [`${name}_FILE`]: path };
      expect(issuesOf(given)).toEqual([`${name}_FILE=${path}: expected a file that is not empty`]);
    }
  });
});
