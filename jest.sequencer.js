import Sequencer from '@jest/test-sequencer';

/**
 * Those that take longest, the longest first: at the end the other workers would have nothing to do. They have
 * processes of their own, or wait for more than they work.
 */
const FIRST = [
  'server/pages/console.browser',
  'cluster/cluster',
  'program-stop',
  'program-start',
  'packages/cli/test/exit-code',
  'cuts/cuts.browser',
  'server/pages/console.sign-in.browser',
  'abuse/abuse',
  'cuts/cuts',
  'server/pages/explorer.browser',
  'server/pages/explorer.sign-in.browser',
  'gateway/upstream-failure.scripted',
  'datasources/log/postgres/postgres-replicas',
  'server/hostile-start-to-stop',
  'crash/crash',
  'watch/clock-jumps',
  'datasources/log/log-damage',
];

function toPlace({ path }) {
  const place = FIRST.findIndex((name) => path.endsWith(`/${name}.test.js`));
  return place === -1 ? FIRST.length : place;
}

// biome-ignore lint/style/noDefaultExport: jest asks for it
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...tests].sort((one, other) => toPlace(one) - toPlace(other));
  }
}
