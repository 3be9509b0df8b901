import type { AltairConfigOptions } from 'altair-static';

/**
 * The script that starts Altair in the page.
 *
 * The addresses are made absolute in the browser: only there is it known by which host, path and scheme
 * the page was reached, and Altair wants them absolute.
 *
 * Altair opens the last of the tabs that it is given. On the first visit the script goes on to the first
 * tab, once the last is open; later, Altair shows the tab that was open last.
 *
 * @param graphqlPath - relative to the page
 */
export function toInitScript(options: AltairConfigOptions, graphqlPath: string): string {
  return `const http = new URL(${toJs(graphqlPath)}, location.href);
const ws = new URL(http);
ws.protocol = http.protocol === 'https:' ? 'wss:' : 'ws:';
const options = ${toJs(options)};

const visited = ${toJs(`${options.instanceStorageNamespace}visited`)};
if (!localStorage.getItem(visited)) {
  const changes = new MutationObserver(() => {
    const tabs = document.querySelectorAll('app-window-switcher-item .window-switcher__item');
    const lastTab = tabs[options.initialWindows.length - 1];
    if (!lastTab?.classList.contains('window-switcher__item--active')) return;
    changes.disconnect();
    localStorage.setItem(visited, 'yes');
    tabs[0].click();
  });
  changes.observe(document.body, { childList: true, subtree: true, attributeFilter: ['class'] });
}

AltairGraphQL.init({ ...options, endpointURL: http.href, subscriptionsEndpoint: ws.href });
`;
}

/** JSON is JavaScript, and the script is a file of its own: nothing else needs escaping. */
function toJs(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
