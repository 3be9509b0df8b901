import { readFile, writeFile } from 'node:fs/promises';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { buildGatewaySchema, type Domain } from './build-schema.js';

/**
 * Write `schema.graphql`, or with `--check` exit with 1 where it is not what the code says.
 *
 * Nothing is resolved here, so the domain may be missing.
 */
const path = 'schema.graphql';
const schema = await buildGatewaySchema({} as Domain);
const text = `# Made by "npm run generate" from src/schema and src/resolvers. Do not edit.\n\n${printSchema(lexicographicSortSchema(schema))}\n`;
if (process.argv.includes('--check')) {
  const committed = await readFile(path, 'utf8').catch(() => '');
  if (committed !== text) {
    console.error(`${path} is not what the code says. Run "npm run generate" and commit it.`);
    process.exitCode = 1;
  }
} else {
  await writeFile(path, text);
}
