import { expect, it } from '@jest/globals';
import { isObjectType, isScalarType, isSpecifiedScalarType } from 'graphql';
import { buildGatewaySchema, type Domain } from '../../../src/server/operations/build-schema.js';

const schema = await buildGatewaySchema({} as Domain);
const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));

it('has an `id` only if it is a global id', () => {
  const withId = types.filter((type) => isObjectType(type) && 'id' in type.getFields());
  expect(withId.length).toBeGreaterThan(0);
  const nodes = withId.filter(
    (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'),
  );
  expect(withId).toEqual(nodes);
});

it('names the specification of every scalar', () => {
  const scalars = types.filter((type) => isScalarType(type) && !isSpecifiedScalarType(type));
  expect(scalars.map((type) => isScalarType(type) && type.specifiedByURL)).not.toContain(undefined);
  expect(scalars.map((type) => isScalarType(type) && type.specifiedByURL)).not.toContain(null);
});
