// One file with everything that it needs, so that the package has no dependencies and starts quickly, and the
// licences of its libraries.
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'rolldown';

const { output } = await build({
  cwd: import.meta.dirname,
  input: 'src/main.ts',
  platform: 'node',
  // ws would use these if they were installed.
  external: ['bufferutil', 'utf-8-validate'],
  resolve: { conditionNames: ['sluice-source', 'node', 'import', 'default'] },
  transform: { target: 'node20' },
  output: { file: 'dist/sluice.js', format: 'esm', minify: 'dce-only', cleanDir: true },
});

const packages = new Set(
  output[0].moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []),
);
const licences = [...packages].sort().map((dir) => {
  const { name, version, license } = JSON.parse(readFileSync(`${dir}/package.json`, 'utf8'));
  const texts = globSync(`${dir}/{licen[cs]e,LICEN[CS]E}*`).map((path) =>
    readFileSync(path, 'utf8'),
  );
  return [`${name} ${version}: ${license}`, ...texts].join('\n\n');
});
writeFileSync(`${import.meta.dirname}/dist/LICENSES.txt`, `${licences.join('\n\n---\n\n')}\n`);
