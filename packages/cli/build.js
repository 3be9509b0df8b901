// One file with all that it needs, so that the package installs alone and starts at once.
import { build } from 'rolldown';

await build({
  cwd: import.meta.dirname,
  input: 'src/main.ts',
  platform: 'node',
  // What ws would use if it were installed.
  external: ['bufferutil', 'utf-8-validate'],
  resolve: { conditionNames: ['sluice-source', 'node', 'import', 'default'] },
  transform: { target: 'node20' },
  output: { file: 'dist/sluice.js', format: 'esm', minify: 'dce-only', cleanDir: true },
});
