import { tearDown } from './tear-down.js';

/** End a test run. */
export default function endRun(): Promise<void> {
  return tearDown.disposeAsync();
}
