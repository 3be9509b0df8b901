import { registerEnumType } from 'type-graphql';

/** An enum, from what its values mean. The values are an object, because TypeGraphQL can't register a union of strings. */
export function createEnum<Value extends string>(
  name: string,
  description: string,
  meanings: Readonly<Record<Value, string>>,
): { readonly [Each in Value]: Each } {
  const entries = Object.entries<string>(meanings);
  const values = Object.fromEntries(entries.map(([value]) => [value, value]));
  const valuesConfig = Object.fromEntries(
    entries.map(([value, meaning]) => [value, { description: meaning }]),
  );
  registerEnumType(values, { name, description, valuesConfig });
  return values as { readonly [Each in Value]: Each };
}
