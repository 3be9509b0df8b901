import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';

const page = readFileSync('docs/architecture.md', 'utf8');

/** The rooms of `docs/architecture.md`, each with those that it imports. */
const drawn = new Map(
  [...page.matchAll(/^\| `([\w./-]+)` \| [^|]+ \| ([^|]*) ?\|$/gm)].map(
    ([, room = '', names = '']) => [
      room,
      [...names.matchAll(/`([\w./-]+)`/g)].map(([, name = '']) => name).sort(),
    ],
  ),
);

/** The room of a file: the longest one whose path its own begins with. */
function toRoom(path: string): string {
  const inSrc = relative('src', path);
  const rooms = [...drawn.keys()].filter((room) => inSrc === room || inSrc.startsWith(`${room}/`));
  return rooms.sort((one, other) => other.length - one.length)[0] ?? inSrc;
}

function importsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(
    ([, target = '']) => join(dirname(path), target).replace(/\.js$/, '.ts'),
  );
}

test('the table of imports is what the code imports', () => {
  const found = new Map<string, Set<string>>();
  for (const path of globSync('src/**/*.ts')) {
    const room = toRoom(path);
    const imported = found.get(room) ?? new Set();
    found.set(room, imported);
    for (const target of importsOf(path)) if (toRoom(target) !== room) imported.add(toRoom(target));
  }
  const asDrawn = new Map([...found].map(([room, imported]) => [room, [...imported].sort()]));
  expect(Object.fromEntries(asDrawn)).toEqual(Object.fromEntries(drawn));
});

test('rooms import one another in one direction', () => {
  const open = new Set<string>();
  const seen = new Set<string>();
  const visit = (room: string): void => {
    expect([...open, room]).toEqual([...new Set([...open, room])]);
    if (seen.has(room)) return;
    seen.add(room);
    open.add(room);
    for (const next of drawn.get(room) ?? []) visit(next);
    open.delete(room);
  };
  for (const room of drawn.keys()) visit(room);
  expect(drawn.size).toBeGreaterThan(0);
});

test('the files that the page names are there', () => {
  const named = [...page.matchAll(/`((?:[\w-]+\/)+[\w.-]+\.ts)`/g)].map(([, path = '']) => path);
  expect(named.filter((path) => !existsSync(join('src', path)))).toEqual([]);
});
