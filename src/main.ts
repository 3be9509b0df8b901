/**
 * The process's first step. It checks the version before it imports anything, because an older Node.js would fail on
 * the imports with a stack that doesn't say what to do.
 */
const OLDEST_NODE_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE_MAJOR) {
  console.error(
    `Sluice needs Node.js ${OLDEST_NODE_MAJOR} or newer, and this is ${process.version}. "npm ci" installs the right one for "npm start"; otherwise install it yourself.`,
  );
  process.exitCode = 1;
} else if (isFolderGone()) {
  console.error('The folder that Sluice was started in is gone: start it in one that exists.');
  process.exitCode = 1;
} else {
  const { answerArguments } = await import('./process/arguments.js');
  const answer = answerArguments(process.argv.slice(2));
  if (answer) {
    (answer.exitCode === 0 ? process.stdout : process.stderr).write(`${answer.text}\n`);
    process.exit(answer.exitCode);
  }
  // Before the rest, which takes a moment to import.
  const { listenForStopSignals } = await import('./process/stop-signals.js');
  const signals = listenForStopSignals();
  const { serve } = await import('./serve.js');
  await serve(signals);
}

/** Whether this process's folder was removed, which most imported modules need. */
function isFolderGone(): boolean {
  try {
    process.cwd();
    return false;
  } catch {
    return true;
  }
}
