import type { Page } from 'playwright-core';
import { build, type RolldownPluginOption } from 'rolldown';

/** The surroundings of a script. */
export interface ScriptPageOptions {
  /** Names that are replaced by texts. */
  readonly define?: Readonly<Record<string, string>>;
  readonly plugins?: RolldownPluginOption;
}

/**
 * Open a page at an origin that serves none like it: it has an element with the id `root`, and a script with all that it
 * imports. React comes with the checks of its development, whose strict mode mounts everything twice.
 */
export async function openScriptPage(
  page: Page,
  origin: string,
  scriptPath: string,
  { define = {}, plugins = [] }: ScriptPageOptions = {},
): Promise<void> {
  const { output } = await build({
    input: scriptPath,
    platform: 'browser',
    plugins,
    transform: { define: { 'process.env.NODE_ENV': '"development"', ...define } },
    // The default is a pattern, which is not recognized across jest's module realms.
    output: { sourcemapIgnoreList: false },
    write: false,
  });
  const html = '<!doctype html><div id="root"></div><script type="module" src="page.js"></script>';
  await page.route('**/page', (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await page.route('**/page.js', (route) =>
    route.fulfill({ contentType: 'text/javascript', body: output[0].code }),
  );
  await page.goto(new URL('page', origin).href);
}
