import { describe } from '@jest/globals';

/**
 * Declare the tests of several files in one, each file's in a block of its own, hooks included. So the program is
 * loaded once for all of them, which takes longer than many a file's tests.
 *
 * @param files - beside the file that calls; without the extension
 */
export async function loadTestFiles(
  files: readonly string[],
  load: (file: string) => Promise<unknown>,
): Promise<void> {
  const { testState } = globalThis;
  for (const file of files) {
    const around = testState.currentDescribeBlock;
    // A block is declared in one turn, but loading a file takes several, so the block is entered again.
    describe(file, () => {});
    const block = around.children.at(-1);
    if (block?.type !== 'describeBlock') throw new Error(`No block for ${file}.`);
    testState.currentDescribeBlock = block;
    await load(file);
    testState.currentDescribeBlock = around;
  }
}
