/** What the end of a test run ends, the last one first. */
export const tearDown = new AsyncDisposableStack();
