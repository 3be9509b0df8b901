import { createRequire, flushCompileCache, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { TestFileEvent, TestResult } from '@jest/test-result';
import type { Config } from '@jest/types';
import type ProcessEnvironment from './jest-environment.js';

/** What jest offers to the tests of a file: `it`, `expect` and so on. */
type TestGlobals = Readonly<Record<string, object>>;

const GLOBALS_URL = 'jest:globals';

/** By description, because the symbol of the first is a new one each time that jest-circus is loaded. */
const CIRCUS_STATE = new Set<string | undefined>(['JEST_STATE_SYMBOL', 'EVENT_HANDLERS']);

const require = createRequire(import.meta.url);
const { default: runWithCircus } = require('jest-circus/runner') as {
  default: (...args: unknown[]) => Promise<TestResult>;
};

/** Of the file that runs now. */
export let globals: TestGlobals;

/** What a module that stays loaded for the next file gets as `it`, `expect` and so on. */
export function toLasting(name: string): unknown {
  return new Proxy(() => {}, {
    apply: (_target, _self, args) => Reflect.apply(globals[name] as () => unknown, undefined, args),
    get: (_target, key) => Reflect.get(globals[name] ?? {}, key),
  });
}

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== '@jest/globals') return next(specifier, context);
    const { search } = new URL(context.parentURL ?? GLOBALS_URL);
    // Each test file has globals of its own.
    const url = search === '' ? GLOBALS_URL : `${GLOBALS_URL}?${fileCount}`;
    return { url, format: 'module', shortCircuit: true };
  },
  load: (url, context, next) =>
    url.startsWith(GLOBALS_URL)
      ? { source: toSource(url === GLOBALS_URL), format: 'module', shortCircuit: true }
      : next(url, context),
});

/** The module `@jest/globals` for a test file, or for what lasts longer. */
function toSource(isLasting: boolean): string {
  const exported = Object.keys(globals).map((name) =>
    isLasting
      ? `export const ${name} = toLasting('${name}');`
      : `export const ${name} = globals.${name};`,
  );
  return [`import { globals, toLasting } from '${import.meta.url}';`, ...exported].join('\n');
}

/** How many files have run in this process. */
let fileCount = 0;

/** How often each of them has, for each project. */
const runCounts = new Map<string, number>();

/** jest-circus keeps its state and its hooks in the global object, and with them all that tests have in variables. */
function forgetLastFile(): void {
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (CIRCUS_STATE.has(symbol.description)) Reflect.deleteProperty(globalThis, symbol);
  }
}

/**
 * Run a test file in the process of jest's worker, where Node.js itself loads modules, once for all files. What is
 * tested runs as it does outside, and faster than in jest's contexts.
 */
export default async function runTestFile(
  globalConfig: Config.GlobalConfig,
  config: Config.ProjectConfig,
  environment: ProcessEnvironment,
  _runtime: unknown,
  testPath: string,
  send: TestFileEvent,
): Promise<TestResult> {
  Object.assign(globalThis, config.globals);
  forgetLastFile();
  /** What jest-circus asks of jest's loader. */
  const loader = {
    // A circus of its own for each file, and nothing that keeps the last one: what loads a module remembers it.
    requireInternalModule(path: string): unknown {
      const requireOnce = createRequire(import.meta.url);
      delete requireOnce.cache[path];
      return requireOnce(path);
    },
    requireModule: require,
    setGlobalsForRuntime(offered: TestGlobals): void {
      globals = { ...offered, jest: environment.jest };
    },
    enterTestCode(): void {},
    leaveTestCode(): void {},
    unstable_shouldLoadAsEsm: () => true,
    // Anew, because several projects have the same file. The same names in each run, by which Node.js caches code.
    unstable_importModule(path: string): Promise<unknown> {
      const name = `${pathToFileURL(path)}?${config.displayName?.name}`;
      fileCount += 1;
      const count = (runCounts.get(name) ?? 0) + 1;
      runCounts.set(name, count);
      return import(count === 1 ? name : `${name}-${count}`);
    },
  };
  const result = await runWithCircus(globalConfig, config, environment, loader, testPath, send);
  // Not all at the end, for which jest waits half a second.
  flushCompileCache();
  return result;
}
