import { execFileSync } from 'node:child_process';
import { measureSize, takenParts } from '../../packages/client/test/support/bundle-size.js';

/**
 * How large the client is: what an app takes of it, and the package itself.
 *
 *     npm run bench:client
 */
const rows = await Promise.all(
  Object.entries(takenParts).map(async ([name, part]) => ({ name, ...(await measureSize(part)) })),
);
console.table(Object.fromEntries(rows.map(({ name, ...sizes }) => [name, sizes])));

const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--silent'], {
  cwd: 'packages/client',
  encoding: 'utf8',
});
const { size, unpackedSize, files } = Object.values(JSON.parse(packed) as object)[0] as {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly unknown[];
};
console.log(`The package: ${size} bytes packed, ${unpackedSize} unpacked, ${files.length} files`);
