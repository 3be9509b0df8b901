/** The tasks for the end of a test run, the last one first. */
export const tearDown = new AsyncDisposableStack();
