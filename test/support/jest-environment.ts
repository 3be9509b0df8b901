import type { JestEnvironment } from '@jest/environment';
import type { Circus } from '@jest/types';
import { ModuleMocker } from 'jest-mock';

declare global {
  /** jest's state while tests are declared. */
  var testState: Circus.State;
}

/** As Node.js has it; jest sets a higher one, which makes each error cost more. */
const STACK_TRACE_LIMIT = 10;

const realExit = process.exit;

/** The process itself. jest's own environments give each test file globals of its own, and with them all modules anew. */
export default class ProcessEnvironment
  implements Pick<JestEnvironment, 'global' | 'moduleMocker' | 'fakeTimers' | 'fakeTimersModern'>
{
  readonly global = globalThis as JestEnvironment['global'];
  readonly moduleMocker = new ModuleMocker(globalThis);
  /** What tests use of it. */
  readonly jest = {
    fn: this.moduleMocker.fn.bind(this.moduleMocker),
    spyOn: this.moduleMocker.spyOn.bind(this.moduleMocker),
    restoreAllMocks: this.moduleMocker.restoreAllMocks.bind(this.moduleMocker),
  };
  readonly fakeTimers = null;
  readonly fakeTimersModern = null;

  getVmContext(): null {
    return null;
  }

  async setup(): Promise<void> {
    Error.stackTraceLimit = STACK_TRACE_LIMIT;
  }

  async teardown(): Promise<void> {
    this.moduleMocker.restoreAllMocks();
    process.exit = realExit;
  }

  handleTestEvent(event: Circus.Event, state: Circus.State): void {
    if (event.name === 'setup') globalThis.testState = state;
  }
}
