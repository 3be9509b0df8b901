import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { TestFileEvent, TestResult } from '@jest/test-result';
import type { Config } from '@jest/types';
import type ProcessEnvironment from './jest-environment.js';

/** What jest offers to the tests of a file: `it`, `expect` and so on. */
type TestGlobals = Readonly<Record<string, object>>;

const GLOBALS_URL = 'jest:globals';

/** Where jest-circus keeps who hears of its events, beside its module. */
const EVENT_HANDLERS = Symbol.for('EVENT_HANDLERS');

const require = createRequire(import.meta.url);
const { default: runWithCircus } = require('jest-circus/runner') as {
  default: (...args: unknown[]) => Promise<TestResult>;
};

let globals: TestGlobals;

/** What `@jest/globals` exports under a name: modules that stay loaded reach those of the file that runs now. */
export function toTestGlobal(name: string): unknown {
  return new Proxy(() => {}, {
    apply: (_target, _self, args) => Reflect.apply(globals[name] as () => unknown, undefined, args),
    get: (_target, key) => Reflect.get(globals[name] ?? {}, key),
  });
}

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals'
      ? { url: GLOBALS_URL, format: 'module', shortCircuit: true }
      : next(specifier, context),
  load: (url, context, next) =>
    url === GLOBALS_URL
      ? { source: toGlobalsSource(), format: 'module', shortCircuit: true }
      : next(url, context),
});

function toGlobalsSource(): string {
  const exported = Object.keys(globals).map(
    (name) => `export const ${name} = toTestGlobal('${name}');`,
  );
  return [`import { toTestGlobal } from '${import.meta.url}';`, ...exported].join('\n');
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
  Reflect.deleteProperty(globalThis, EVENT_HANDLERS);
  /** What jest-circus asks of jest's loader. */
  const loader = {
    // A circus of its own for each file.
    requireInternalModule(path: string): unknown {
      delete require.cache[path];
      return require(path);
    },
    requireModule: require,
    setGlobalsForRuntime(offered: TestGlobals): void {
      globals = { ...offered, jest: environment.jest };
    },
    enterTestCode(): void {},
    leaveTestCode(): void {},
    unstable_shouldLoadAsEsm: () => true,
    // Several projects have the same file.
    unstable_importModule: (path: string): Promise<unknown> =>
      import(`${pathToFileURL(path)}?project=${config.displayName?.name}`),
  };
  return runWithCircus(globalConfig, config, environment, loader, testPath, send);
}
