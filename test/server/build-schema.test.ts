import { expect, it } from '@jest/globals';
import {
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
} from 'graphql';
import { buildGatewaySchema, type Domain } from '../../src/server/build-schema.js';

const schema = await buildGatewaySchema({} as Domain);
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));

it('has an `id` where it is a global id, and nowhere else', () => {
  const withId = types.filter((type) => isObjectType(type) && 'id' in type.getFields());
  expect(withId.length).toBeGreaterThan(0);
  const nodes = withId.filter(
    (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'),
  );
  expect(withId).toEqual(nodes);
});

it('says of every scalar where it is specified', () => {
  const scalars = types.filter((type) => isScalarType(type) && !isSpecifiedScalarType(type));
  expect(scalars.map((type) => isScalarType(type) && type.specifiedByURL)).not.toContain(undefined);
  expect(scalars.map((type) => isScalarType(type) && type.specifiedByURL)).not.toContain(null);
});

it('takes null as the default of every argument that has one', () => {
  const args = types
    .filter((type) => isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
    .flatMap((type) =>
      Object.values(type.getFields()).flatMap((field) => ('args' in field ? field.args : [field])),
    );
  const strict = args.filter(
    ({ defaultValue, type }) => defaultValue !== undefined && String(type).endsWith('!'),
  );
  expect(strict).toEqual([]);
});
