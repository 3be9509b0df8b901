import { readFile, writeFile } from 'node:fs/promises';
import { buildSchema, findBreakingChanges, lexicographicSortSchema, printSchema } from 'graphql';
import { buildGatewaySchema, type Domain } from './operations/build-schema.js';

/**
 * Write `schema.graphql`. With `--release`, also keep it as the schema that clients build on. With `--check`, exit
 * with 1 if it is out of date, or breaks a client of the last release.
 *
 * Nothing is resolved here, so there is no domain.
 */
const path = 'schema.graphql';
const releasedPath = 'docs/schema.released.graphql';
const schema = await buildGatewaySchema({} as Domain);
const text = `# Made by "npm run generate" from src/schema and src/resolvers. Do not edit.\n\n${printSchema(lexicographicSortSchema(schema))}\n`;

if (process.argv.includes('--check')) {
  const committed = await readFile(path, 'utf8').catch(() => '');
  if (committed !== text) {
    fail(`${path} is out of date. Run "npm run generate" and commit it.`);
  }
  const released = buildSchema(await readFile(releasedPath, 'utf8'));
  for (const { description } of findBreakingChanges(released, schema)) {
    fail(`This breaks clients of the last release (${releasedPath}): ${description}`);
  }
} else {
  await writeFile(path, text);
  if (process.argv.includes('--release')) await writeFile(releasedPath, text);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
