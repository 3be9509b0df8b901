import { configs, parser, rules } from '@graphql-eslint/eslint-plugin';

const plugin = '@graphql-eslint';

/** @type {import('eslint').Linter.Config[]} Rules for the schema alone: Biome has the code. */
// biome-ignore lint/style/noDefaultExport: eslint asks for it
export default [
  {
    files: ['schema.graphql'],
    languageOptions: { parser, parserOptions: { graphQLConfig: { schema: './schema.graphql' } } },
    plugins: { [plugin]: { rules } },
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      // Arguments, input fields and values of enums too: the explorer is the manual.
      [`${plugin}/require-description`]: [
        'error',
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          InputValueDefinition: true,
          EnumValueDefinition: true,
        },
      ],
      // A type is a node, with a global id, or a value that has none: test/server/operations/build-schema.test.ts holds that.
      [`${plugin}/strict-id-in-types`]: 'off',
      // Beside its global id, which is called `id`, a mapping and a job have those of Campaign.
      [`${plugin}/no-typename-prefix`]: 'off',
      // Pages go forward only: the log is read from one end.
      [`${plugin}/relay-arguments`]: ['error', { includeBoth: false }],
      // Connections have `nodes` beside their edges, other fields have lists that are no pages, and a reject is no
      // node: it is a line of a file.
      [`${plugin}/relay-edge-types`]: [
        'error',
        { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
      ],
    },
  },
];
