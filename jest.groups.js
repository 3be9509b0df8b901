import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';

const TESTS_DIR = 'dist/test';
const GROUPS_DIR = `${TESTS_DIR}/groups`;

/** How many files share one loading of the program. */
const FILES_PER_GROUP = 16;

/**
 * Those that are run by themselves, the ones that take longest first: they have processes of their own, measure
 * memory, or wait for more than they work.
 */
const ALONE = [
  'cluster/cluster',
  'process',
  '../packages/cli/test/command-line',
  'abuse/abuse',
  'server/pages/console.browser',
  '../packages/client/test/react/react.browser',
  'relay.browser',
  'server/pages/explorer.browser',
  'server/pages/explorer.sign-in.browser',
  'cluster/two-replicas',
];

/** These too. They are short, and come last, so that no worker is left with something long while others have nothing. */
const ALONE_AT_THE_END = [
  'server/hostile-start-to-stop',
  'datasources/log/postgres/postgres-replicas',
  'datasources/log/postgres/postgres-settings',
  'crash/crash',
  'datasources/log/log-full-disk',
  'gateway/leak',
  'gateway/exposed-abuse',
];

const alone = new Set([...ALONE, ...ALONE_AT_THE_END]);
for (const name of alone) {
  if (!existsSync(`${TESTS_DIR}/${name}.test.js`)) throw new Error(`There is no test ${name}.`);
}

/** The order of a run. Groups that wait for a database or an upstream begin, for others can work beside them. */
const ORDER = [
  'groups/postgres-',
  'groups/campaign-',
  ...ALONE.map((name) => `${name}.test.js`),
  'groups/',
  ...ALONE_AT_THE_END.map((name) => `${name}.test.js`),
].map((name) => `/${posix.join(TESTS_DIR, name)}`);

/** Where a file stands in the order of a run: lower is earlier. */
export function toOrder(path) {
  return ORDER.findIndex((name) => path.includes(name));
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
  const others = files.filter((file) => !alone.has(file));
  const count = Math.ceil(others.length / FILES_PER_GROUP);
  mkdirSync(GROUPS_DIR, { recursive: true });
  for (const path of globSync(`${GROUPS_DIR}/${name}-*`)) rmSync(path);
  const groups = Array.from({ length: count }, (_, index) => {
    // Neighbours are alike: dealt out, no group has all that are slow.
    const group = others.filter((_file, at) => at % count === index);
    const path = `groups/${name}-${index + 1}`;
    writeFileSync(
      `${TESTS_DIR}/${path}.test.js`,
      `import { loadTestFiles } from '../support/test-files.js';\n\nawait loadTestFiles(${JSON.stringify(group)}, (file) => import(\`../\${file}.test.js\`));\n`,
    );
    return path;
  });
  return [...files.filter((file) => alone.has(file)), ...groups];
}
