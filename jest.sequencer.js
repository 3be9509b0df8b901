import Sequencer from '@jest/test-sequencer';
import { toOrder } from './jest.groups.js';

/** Begins with what takes longest: at the end the other workers would have nothing to do. */
// biome-ignore lint/style/noDefaultExport: jest asks for it
export default class LongestFirst extends Sequencer {
  sort(tests) {
    return [...tests].sort((one, other) => toOrder(one.path) - toOrder(other.path));
  }
}
