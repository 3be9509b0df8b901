import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';

declare global {
  /** What jest knows of the tests that are being declared. */
  var testState: Circus.State;
}

/** Node.js, and a place where {@link loadTestFiles} finds where jest is. */
export default class GroupEnvironment extends TestEnvironment {
  handleTestEvent(event: Circus.Event, state: Circus.State): void {
    if (event.name === 'setup') this.global.testState = state;
  }
}
