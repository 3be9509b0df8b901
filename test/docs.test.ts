import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { proxyVariables } from '../src/config/proxies.js';
import { settings } from '../src/config/settings.js';
import { secrets } from '../src/config/sources.js';
import { jobRefusals, mappingRefusals } from '../src/ingestion/administration.js';

const MAX_README_BYTES = 9 * 1024;

const settingNames = [...Object.keys(settings), ...proxyVariables];
const settingsPage = readText('docs/settings.md');
const errorsPage = readText('docs/errors.md');
const envExample = readText('.env.example');
const pages = [...globSync('*.md'), ...globSync('docs/**/*.md')];
const gatewaySources = globSync('src/**/*.ts').filter(
  (path) => !/^src\/(adobe|campaign|platform)\b/.test(path),
);
const gatewayCodes = codesOf(gatewaySources);

function readText(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The names in the first column of a page's tables. */
function rowsOf(page: string): string[] {
  return [...page.matchAll(/^\| (?:`[A-Z_]+`(?:, )?)+/gm)].flatMap(([cell]) => capitalsIn(cell));
}

function capitalsIn(text: string): string[] {
  return [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)*)`/g)].flatMap(([, name]) => name ?? []);
}

/** What stands in the sources as a code: one of several words, or one that is said to be a code. */
function codesOf(paths: readonly string[]): Set<string> {
  const text = paths.map(readText).join('\n');
  const found = [
    ...text.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g),
    ...text.matchAll(/\bcode\b(?:: | = |: string = )'([A-Z]+)'/g),
  ].map(([, code]) => code ?? '');
  const others = new Set([
    ...settingNames,
    'IN_PROGRESS',
    'FORGOTTEN_UPSTREAM',
    'ENDED_BY_OPERATOR',
    ...mappingRefusals,
    ...jobRefusals,
  ]);
  // Node.js and its HTTP parser name their own errors this way.
  return new Set(
    found.filter((code) => !others.has(code) && !/^(ERR|EAI|HPE)_|^E[A-Z]+$/.test(code)),
  );
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): Set<string> {
  return new Set(
    [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function withoutCode(page: string): string {
  return page.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`\n]*`/g, '');
}

/** The links of a page that lead nowhere. */
function deadLinksOf(path: string): string[] {
  const links = [...withoutCode(readText(path)).matchAll(/\]\(([^)\s]+)\)/g)];
  return links
    .flatMap(([, link]) => link ?? [])
    .filter((link) => !/^https?:/.test(link))
    .filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : join(dirname(path), file);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(readText(target)).has(anchor);
    });
}

test('the README is short', () => {
  expect(Buffer.byteLength(readText('README.md'))).toBeLessThanOrEqual(MAX_README_BYTES);
});

test.each(pages)('the links of %s lead somewhere', (path) => {
  expect(deadLinksOf(path)).toEqual([]);
});

test('the index of the documentation has every page', () => {
  const index = readText('docs/README.md');
  const missing = globSync('*.md', { cwd: 'docs' }).filter(
    (page) => page !== 'README.md' && !index.includes(`(${page})`),
  );
  expect(missing).toEqual([]);
});

test('the index of decisions has every decision', () => {
  const index = readText('docs/adr/README.md');
  const missing = globSync('0*.md', { cwd: 'docs/adr' }).filter(
    (page) => !index.includes(`(${page})`),
  );
  expect(missing).toEqual([]);
});

test('every setting has one row in the documentation, and every row is of a setting', () => {
  expect(rowsOf(settingsPage).sort()).toEqual([...settingNames].sort());
});

test('.env.example has every setting, and the file of every secret', () => {
  const names = [...settingNames, ...secrets.map((name) => `${name}_FILE`)];
  expect(names.filter((name) => !envExample.includes(`\n#${name}=`))).toEqual([]);
});

test('the settings of the services that run alone are documented', () => {
  const documented = new Set(
    rowsOf(readText('docs/campaign-service.md') + readText('docs/platform-receiver.md')),
  );
  const names = globSync('src/**/*.ts')
    .map(readText)
    .flatMap((text) => text.match(/\b(?:CAMPAIGN_SERVICE|PLATFORM_RECEIVER)(?:_[A-Z]+)+\b/g) ?? []);
  expect([...new Set(names)].filter((name) => !documented.has(name))).toEqual([]);
});

test('every error code is documented', () => {
  const documented = new Set(rowsOf(errorsPage));
  expect([...gatewayCodes].filter((code) => !documented.has(code))).toEqual([]);
});

test('every documented error code exists', () => {
  // Those of Platform are derived from those of the upstream, as a type.
  const unknown = rowsOf(errorsPage).filter(
    (code) => !gatewayCodes.has(code.replace(/^PLATFORM_/, 'UPSTREAM_')),
  );
  expect(unknown).toEqual([]);
});
