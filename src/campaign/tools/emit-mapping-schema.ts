import { readFile, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { mappingSchema } from '../mapping/mapping-schema.js';

/**
 * Write `mappings/mapping.schema.json`, which tells editors what a mapping may contain, or with `--check` exit with 1
 * if it is out of date.
 */
const path = 'mappings/mapping.schema.json';
const schema = z.toJSONSchema(mappingSchema, { io: 'input', target: 'draft-07' });
const about = {
  title: 'A mapping of the Campaign service',
  $comment: 'Made by "npm run generate" from src/campaign/mapping/mapping-schema.ts. Do not edit.',
};
const text = `${JSON.stringify({ ...about, ...schema }, null, 2)}\n`;
if (process.argv.includes('--check')) {
  const committed = await readFile(path, 'utf8').catch(() => '');
  if (committed !== text) {
    console.error(`${path} is out of date. Run "npm run generate" and commit it.`);
    process.exitCode = 1;
  }
} else {
  await writeFile(path, text);
}
