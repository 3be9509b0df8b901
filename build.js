// Bundles the programs that ship: Node.js starts one from a few files in half the time that it takes for the thousands
// of modules that they consist of.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'rolldown';

const COMPILED = join(import.meta.dirname, 'dist/src/');

/** @param {string} id of a module */
const isOwn = (id) => id.startsWith(COMPILED);

await build({
  cwd: COMPILED,
  input: {
    main: 'main.js',
    'campaign-process': 'campaign-process.js',
    'campaign-infer': 'campaign/tools/infer-main.js',
    'campaign-check': 'campaign/tools/check-main.js',
    platform: 'platform/main.js',
    'new-api-key': 'new-api-key.js',
    // Threads, which their starters find in the same folder.
    'check-thread': 'platform/check-thread.js',
    'sqlite.worker': 'datasources/log/sqlite/sqlite.worker.js',
    'sqlite.check.worker': 'datasources/log/sqlite/sqlite.check.worker.js',
  },
  platform: 'node',
  external: [
    // Serves its own files.
    'altair-static',
    // Would be used if they were installed.
    'bufferutil',
    'class-validator',
    'pg-native',
    'utf-8-validate',
  ],
  plugins: [
    {
      // Stacks show our TypeScript, and libraries as they are here. Node.js reads a chunk's source map whole before it
      // runs the chunk, and those of the libraries would double its memory.
      name: 'own-source-maps',
      load: {
        filter: { id: /[\\/]dist[\\/]src[\\/].*\.js$/ },
        handler: (id) => ({
          code: readFileSync(id, 'utf8'),
          map: readFileSync(`${id}.map`, 'utf8'),
        }),
      },
      generateBundle(_options, bundle) {
        for (const chunk of Object.values(bundle)) {
          if (chunk.type !== 'chunk' || chunk.moduleIds.some(isOwn)) continue;
          delete bundle[`${chunk.fileName}.map`];
        }
      },
    },
  ],
  output: {
    dir: '../bin',
    cleanDir: true,
    format: 'esm',
    chunkFileNames: ({ moduleIds }) =>
      moduleIds.some(isOwn) ? '[name].js' : 'libraries-[hash].js',
    codeSplitting: {
      // In chunks of their own, which need no map.
      groups: [{ name: 'libraries', test: /[\\/]node_modules[\\/]/, entriesAware: true }],
    },
    comments: false,
    // Beside another one of the same name, too: the log and the subgraph's entities go by names.
    keepNames: true,
    sourcemap: 'hidden',
    sourcemapExcludeSources: true,
    footer: ({ fileName, moduleIds }) =>
      moduleIds.some(isOwn) ? `//# sourceMappingURL=${fileName}.map` : '',
  },
});
