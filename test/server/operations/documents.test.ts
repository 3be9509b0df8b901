import { expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { createDocumentStore } from '../../../src/server/operations/documents.js';

it('the store of documents holds a megabyte of their texts, comments included, and drops the oldest', async () => {
  const store = createDocumentStore();
  const text = `{ __typename } #${'x'.repeat(15_000)}`;
  const keys = Array.from({ length: 200 }, (_, index) => `${index}`);
  for (const key of keys) await store.set(key, parse(text));
  const kept = await Promise.all(keys.map((key) => store.get(key)));
  const keptChars = kept.filter((document) => document).length * text.length;
  expect(keptChars).toBeLessThanOrEqual(1024 * 1024);
  expect(keptChars).toBeGreaterThan(1024 * 1024 - text.length);
  expect(kept.at(-1)).toBeDefined();
});
