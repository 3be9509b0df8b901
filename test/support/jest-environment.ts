import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';

declare global {
  /** jest's state while tests are declared. */
  var testState: Circus.State;
}

/** Node.js, with jest's state for {@link loadTestFiles}. */
export default class GroupEnvironment extends TestEnvironment {
  handleTestEvent(event: Circus.Event, state: Circus.State): void {
    if (event.name === 'setup') this.global.testState = state;
  }
}
