import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';

const TESTS_DIR = 'dist/test';
const GROUPS_DIR = `${TESTS_DIR}/groups`;

/** How many files share one loading of the program. */
const FILES_PER_GROUP = 16;

/** Those with a browser take longer, and wait for more than they work. */
const BROWSER_FILES_PER_GROUP = 4;

/**
 * Those that are run by themselves, the ones that take longest first: they have processes of their own, measure
 * memory, or wait for more than they work.
 */
const ALONE = [
  'cluster/cluster',
  'server/pages/console.browser',
  'process',
  '../packages/cli/test/command-line',
  'abuse/abuse',
  'cluster/two-replicas',
];

/** These, too. They are short and come last, so that no worker still has much to do when the others have nothing. */
const ALONE_AT_THE_END = [
  'server/hostile-start-to-stop',
  'datasources/log/postgres/postgres-replicas',
  'datasources/log/postgres/postgres-settings',
  'crash/crash',
  'datasources/log/log-full-disk',
  'gateway/leak',
  'gateway/exposed-abuse',
];

for (const name of [...ALONE, ...ALONE_AT_THE_END]) {
  if (!existsSync(`${TESTS_DIR}/${name}.test.js`)) throw new Error(`There is no test ${name}.`);
}

/** What the paths of a run contain, in the order of the run. */
const ORDER = [
  // They wait for a database or an upstream for longer than they work, so that others can work beside them.
  '/groups/postgres-',
  '/groups/campaign-',
  ...ALONE.map(toEnd),
  '-browsers-',
  '/groups/',
  ...ALONE_AT_THE_END.map(toEnd),
];

function toEnd(name) {
  return `/${posix.join(TESTS_DIR, name)}.test.js`;
}

/** Where a file stands in the order of a run: lower is earlier. */
export function toOrder(path) {
  return ORDER.findIndex((part) => path.includes(part));
}

function isAlone(file) {
  return ALONE.includes(file) || ALONE_AT_THE_END.includes(file);
}

/**
 * The test files of a project.
 *
 * @param patterns - below `dist/test`; an exclamation mark leaves out
 * @returns their paths below `dist/test`, without the extension
 */
export function toFiles(patterns) {
  const included = patterns.filter((pattern) => !pattern.startsWith('!'));
  const exclude = patterns
    .filter((pattern) => pattern.startsWith('!'))
    .map((pattern) => pattern.slice(1));
  return globSync(included, { cwd: TESTS_DIR, exclude })
    .map((path) => path.replace(/\.test\.js$/, ''))
    .sort();
}

/**
 * Have files run in groups, but for those that are run by themselves.
 *
 * @param name - of the project
 * @returns the files that jest is to run in their place
 */
export function toGroups(name, files) {
  mkdirSync(GROUPS_DIR, { recursive: true });
  for (const path of globSync(`${GROUPS_DIR}/${name}-*`)) rmSync(path);
  const grouped = files.filter((file) => !isAlone(file));
  const hasBrowser = (file) => file.endsWith('.browser');
  return [
    ...files.filter(isAlone),
    ...writeGroups(`${name}-browsers`, grouped.filter(hasBrowser), BROWSER_FILES_PER_GROUP),
    ...writeGroups(
      name,
      grouped.filter((file) => !hasBrowser(file)),
      FILES_PER_GROUP,
    ),
  ];
}

function writeGroups(name, files, filesPerGroup) {
  const count = Math.ceil(files.length / filesPerGroup);
  return Array.from({ length: count }, (_, index) => {
    // Neighbours are alike: dealt out, no group has all that are slow.
    const group = files.filter((_file, at) => at % count === index);
    const path = `groups/${name}-${index + 1}`;
    writeFileSync(
      `${TESTS_DIR}/${path}.test.js`,
      `import { loadTestFiles } from '../support/test-files.js';\n\nawait loadTestFiles(${JSON.stringify(group)}, (file) => import(\`../\${file}.test.js\`));\n`,
    );
    return path;
  });
}
