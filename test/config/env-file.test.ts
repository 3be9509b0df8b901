import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { credentials, setUpSettings } from './set-up-settings.js';

const { directory, envFile, issuesOf, parse, warnings } = setUpSettings();

describe('a .env file', () => {
  it('is read, but the environment takes precedence', () => {
    writeFileSync(envFile(), '# ours\nPORT=1234\nHOST="127.0.0.2"\nLOG_LEVEL=debug # loud\n');
    expect(parse({ PORT: '99' })).toMatchObject({ port: 99, host: '127.0.0.2', logLevel: 'debug' });
  });

  it('has to follow the same rules', () => {
    writeFileSync(envFile(), 'PORT=x\nPOLL_MS=1\n');
    expect(issuesOf({})).toEqual(['PORT=x: expected a whole number, 0 to 65535']);
    expect(warnings).toHaveLength(1);
  });

  it('provides variables for mappings of the embedded service, too', () => {
    writeFileSync(envFile(), 'CRM_DATABASE_URL=postgres://crm\n');
    expect(parse({ OTHER_URL: 'postgres://other' }).upstream).toMatchObject({
      environment: { CRM_DATABASE_URL: 'postgres://crm', OTHER_URL: 'postgres://other' },
    });
  });

  it('is reported together with all other issues if it cannot be read', () => {
    mkdirSync(envFile());
    expect(issuesOf({ PORT: 'x' })).toEqual([
      `${envFile()}: expected a file that can be read (EISDIR)`,
      'PORT=x: expected a whole number, 0 to 65535',
    ]);
  });
});

describe('files in other encodings', () => {
  const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();
  const forms: [string, (text: string) => Buffer][] = [
    ['a byte order mark', (text) => Buffer.from(`\ufeff${text}`)],
    ['the line ends of Windows', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
    ['UTF-16', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 the other way round', (text) => bigEndian(`\ufeff${text}`)],
    ['all of that', (text) => bigEndian(`\ufeff${text.replaceAll('\n', '\r\n')}`)],
  ];
  it.each(forms)('reads a .env file with %s from its first line', (_, toBytes) => {
    writeFileSync(envFile(), toBytes('export PORT=1234\nDATA_DIR="/däta"\nLOG_LEVEL=debug\n'));
    expect(parse({})).toMatchObject({ port: 1234, dataDir: '/däta', logLevel: 'debug' });
  });

  it.each(forms)('reads a secret from a file with %s', (_, toBytes) => {
    const path = join(directory(), 'secret');
    writeFileSync(path, toBytes(' planted-secret \n\n'));
    const given = { ...credentials, IMS_CLIENT_SECRET: '', IMS_CLIENT_SECRET_FILE: path };
    expect(parse(given)).toEqual(parse(credentials));
  });

  it.each(forms)('reads API keys from a file with %s', (_, toBytes) => {
    const path = join(directory(), 'keys.yaml');
    const entry = `{ name: né, sha256: ${'a'.repeat(64)}, rights: [], mappings: ['*'] }`;
    writeFileSync(path, toBytes(`keys:\n  - ${entry}\n`));
    expect(parse({ API_KEYS_FILE: path }).signIn?.apiKeys).toMatchObject([{ name: 'né' }]);
  });

  const noText: [string, Buffer][] = [
    ['another encoding', Buffer.from('PORT=1\nDATA_DIR=dür\n', 'latin1')],
    ['UTF-16 without a mark', Buffer.from('PORT=1\n', 'utf16le')],
    ['half a character of UTF-16', Buffer.from([0xff, 0xfe, 0x41])],
    ['a NUL', Buffer.from('PORT=1\0\n')],
  ];
  it.each(noText)('rejects a file in %s with one line', (_, bytes) => {
    writeFileSync(envFile(), bytes);
    const given = { ...credentials, IMS_CLIENT_SECRET: '', IMS_CLIENT_SECRET_FILE: envFile() };
    expect(issuesOf({ ...given, API_KEYS_FILE: envFile() })).toEqual([
      `${envFile()}: expected text in UTF-8`,
      `IMS_CLIENT_SECRET_FILE=${envFile()}: expected text in UTF-8`,
      `API_KEYS_FILE=${envFile()}: expected text in UTF-8`,
    ]);
  });

  it('ignores blanks and line ends around a value', () => {
    const pasted = Object.entries({ ...credentials, PORT: '1234' }).map(([name, value]) => [
      name,
      value && ` ${value}\r\n`,
    ]);
    expect(parse(Object.fromEntries(pasted))).toEqual(parse({ ...credentials, PORT: '1234' }));
  });

  it('ignores needless commas in a list', () => {
    const given = {
      AUTH_JWKS_URL: 'https://issuer',
      AUTH_ISSUER: 'issuer',
      AUTH_AUDIENCE: ' a,,b, ',
      CORS_ORIGINS: 'https://app.example.com,',
    };
    expect(parse(given)).toMatchObject({
      signIn: { accessTokens: { audiences: ['a', 'b'] } },
      exposure: { corsOrigins: ['https://app.example.com'] },
    });
    expect(issuesOf({ ...given, AUTH_AUDIENCE: ' , ' })).toContain(
      'AUTH_AUDIENCE=,: expected comma-separated texts',
    );
  });

  it.each([
    ['two lines', 'planted-secret\n# of June'],
    ['what Node.js puts for bytes that are not UTF-8', 'planted-\ufffd'],
    ['a NUL', 'planted\0secret'],
  ])('a value with %s is refused', (_, value) => {
    expect(issuesOf({ ...credentials, IMS_CLIENT_SECRET: value })).toEqual([
      'IMS_CLIENT_SECRET=***: expected a text, in UTF-8 and on one line',
    ]);
    expect(issuesOf({ DATA_DIR: `/data${value.slice(7)}` })).toEqual([
      expect.stringMatching(/^DATA_DIR=\/data[a-z-]*…: expected a directory, in UTF-8/),
    ]);
  });
});
