import { gzipSync } from 'node:zlib';
import { build } from 'rolldown';

const SOURCES = new URL('../../src/', import.meta.url);

/** What an app takes of the package, by the entry point that has it. */
export const takenParts = {
  resumable: ['index', 'resumable'],
  resumableFetch: ['index', 'resumableFetch'],
  createSluiceClient: ['index', 'createSluiceClient'],
  'the hooks for React': ['react', '*'],
  'the policies for Apollo': ['apollo', '*'],
} as const;

/** How much it adds to an app that has the libraries beside it, in bytes: minified, and compressed as servers do. */
export async function measureSize([entry, name]: readonly [string, string]): Promise<{
  readonly minified: number;
  readonly gzipped: number;
}> {
  const path = new URL(`${entry}.js`, SOURCES).pathname;
  const { output } = await build({
    input: 'app',
    plugins: {
      name: 'an app',
      resolveId: (id) => (id === 'app' ? id : null),
      load: (id) =>
        id === 'app' ? `export ${name === '*' ? '*' : `{ ${name} }`} from '${path}'` : null,
    },
    external: (id) => !/^[./]/.test(id) && id !== 'app',
    // Its default is a pattern, which it does not know as one of jest's world.
    output: { minify: true, sourcemapIgnoreList: false },
    write: false,
  });
  const { code } = output[0];
  return { minified: Buffer.byteLength(code), gzipped: gzipSync(code, { level: 9 }).length };
}
