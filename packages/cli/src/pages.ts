import type { TypedText } from '@sluice/client';
import { CommandError, exitCodes } from './command-error.js';
import type { Context } from './context.js';
import { toTable } from './output.js';

/** The maximum that the gateway returns at once. */
const PAGE_SIZE = 100;

interface PageResult<Node> {
  readonly page: {
    readonly nodes: readonly Node[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  } | null;
}

interface PageVariables {
  first: number;
  after?: string | null | undefined;
}

/** A column of a table: its title, and its content. */
export type Column<Node> = readonly [
  title: string,
  toCell: (node: Node) => string | number | null | undefined,
];

/**
 * Read pages until there are enough rows, and write them.
 *
 * @throws {CommandError} the upstream does not report these
 */
export async function readPages<Node, Variables extends PageVariables>(
  { gateway, output }: Context,
  document: TypedText<PageResult<Node>, Variables>,
  variables: Omit<Variables, keyof PageVariables>,
  limit: number,
  columns: readonly Column<Node>[],
): Promise<void> {
  const nodes: Node[] = [];
  let after: string | null = null;
  do {
    const first = Math.min(PAGE_SIZE, limit - nodes.length);
    const { page }: PageResult<Node> = await gateway.request(document, {
      ...variables,
      first,
      after,
    } as unknown as Variables);
    if (!page) {
      throw new CommandError(exitCodes.failed, 'The upstream does not report this.', {
        code: 'ADMINISTRATION_UNAVAILABLE',
      });
    }
    nodes.push(...page.nodes);
    after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
  } while (after !== null && nodes.length < limit);
  if (output.form !== 'text') {
    for (const node of nodes) output.data(node, () => '');
  } else if (nodes.length > 0) {
    const rows = nodes.map((node) => columns.map(([, toCell]) => String(toCell(node) ?? '')));
    output.data(nodes, () => toTable([columns.map(([title]) => title), ...rows]));
  } else {
    output.note('There are none.');
  }
  if (after !== null) output.note(`There are more: --limit shows them.`);
}
