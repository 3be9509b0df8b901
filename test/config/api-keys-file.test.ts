import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { setUpSettings } from './set-up-settings.js';

const { directory, issuesOf, parse, write } = setUpSettings();

const SHA256 = 'ab'.repeat(32);

describe('the file of API keys', () => {
  const entry = `
  - name: nightly
    sha256: ${SHA256}
    rights: [ingestion:start, ingestion:read]
    mappings: [crm, "web-*"]`;

  it('is read, as YAML and as JSON', () => {
    const yaml = `keys:${entry}\n    expiresAt: 2027-01-31T00:00:00Z\n`;
    const json = JSON.stringify({
      keys: [{ name: 'all', sha256: 'c'.repeat(64), rights: [], mappings: ['*'] }],
    });
    const path = write('keys.yaml', yaml);
    expect(parse({ API_KEYS_FILE: path }).signIn).toEqual({
      accessTokens: null,
      apiKeysFile: path,
      apiKeys: [
        {
          name: 'nightly',
          sha256: SHA256,
          rights: ['ingestion:read', 'ingestion:start'],
          mappings: { kind: 'mappings', mappingIds: ['crm'], mappingPrefixes: ['web-'] },
          expiresAt: Date.parse('2027-01-31'),
        },
      ],
    });
    expect(parse({ API_KEYS_FILE: write('keys.yaml', json) }).signIn?.apiKeys).toEqual([
      {
        name: 'all',
        sha256: 'c'.repeat(64),
        rights: [],
        mappings: { kind: 'all' },
        expiresAt: null,
      },
    ]);
  });

  it.each([
    ['', 'line 1: expected only "keys:" with a list'],
    ['[]', 'line 1: expected only "keys:" with a list'],
    ['keys: a', 'line 1: keys: expected a list of keys'],
    ['keys: *a', 'line 1: expected only "keys:" with a list'],
    ['a: [', 'line 1: this is not YAML (BAD_INDENT)'],
    [`keys:${entry}\nmore: 1`, 'line 1: expected only "keys:" with a list'],
    [`keys:${entry}\n    key: x`, 'line 2: keys.0: Unrecognized key: "key"'],
    [`keys:${entry}${entry}`, 'line 7: keys.1.sha256: this key already has an entry'],
    [
      `keys:${entry.replace('nightly', '" "')}`,
      'line 2: keys.0.name: expected the name of the caller',
    ],
    [
      `keys:${entry.replace('nightly', '"a\\nb"')}`,
      'line 2: keys.0.name: expected no control characters',
    ],
    [
      `keys:${entry.replace(SHA256, 'sluice_planted')}`,
      'line 3: keys.0.sha256: expected the SHA-256 of the key, 64 hex digits',
    ],
    [
      `keys:${entry.replace('ingestion:start', 'admin')}`,
      'line 4: keys.0.rights.0: expected one of ingestion:read, ingestion:start, ingestion:operate, mappings:manage, metrics:read',
    ],
    [
      `keys:${entry.replace(/ +mappings.*/, '')}`,
      'line 2: keys.0.mappings: expected a list of mappings; ["*"] for all',
    ],
    [
      `keys:${entry.replace('"web-*"', '"*-web"')}`,
      'line 5: keys.0.mappings.1: a * is only allowed at the end',
    ],
    [
      `keys:${entry.replace('crm', '""')}`,
      'line 5: keys.0.mappings.0: expected an id, or the beginning of ids and a *',
    ],
    [
      `keys:${entry}\n    expiresAt: soon`,
      'line 6: keys.0.expiresAt: expected an instant such as 2027-01-31T00:00:00Z',
    ],
  ])('is refused with its line and the reason, %#', (text, fault) => {
    const path = write('keys.yaml', text);
    const faults = issuesOf({ API_KEYS_FILE: path });
    expect(faults).toContain(`API_KEYS_FILE=${path}, ${fault}`);
    expect(faults.join()).not.toContain('planted');
  });

  it('must be there', () => {
    const path = join(directory(), 'none.yaml');
    expect(issuesOf({ API_KEYS_FILE: path })).toEqual([
      `API_KEYS_FILE=${path}: expected a file that can be read (ENOENT)`,
    ]);
  });
});
