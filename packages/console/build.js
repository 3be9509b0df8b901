// Builds the console, unless dist/ was built from the same files.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const SOURCES = [
  'build.js',
  'index.html',
  'package.json',
  'vite.config.js',
  'src/**/*',
  '../client/package.json',
  '../client/src/**/*',
  '../../package-lock.json',
];
const STAMP = 'dist/.sources';

process.chdir(import.meta.dirname);
const hash = createHash('sha256');
for (const path of globSync(SOURCES).sort()) {
  if (statSync(path).isFile()) hash.update(path).update(readFileSync(path));
}
const sources = hash.digest('hex');
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== sources) {
  const { build } = await import('vite');
  await build({ logLevel: 'warn' });
  // The gateway sends these as they are.
  for (const path of globSync('dist/console/*.{js,css}')) {
    const text = readFileSync(path);
    writeFileSync(`${path}.br`, brotliCompressSync(text));
    writeFileSync(`${path}.gz`, gzipSync(text));
  }
  writeFileSync(STAMP, sources);
}
