import type { AltairConfigOptions } from 'altair-static';

/**
 * The script that starts Altair in the page.
 *
 * The addresses are made absolute in the browser, because only the browser knows the host, path and scheme of the
 * page, and Altair requires absolute ones.
 *
 * Altair opens the last of the given tabs. On the first visit the script then selects the first tab; later, Altair
 * shows the tab that was open last.
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

/** JSON is JavaScript, and the script is a separate file, so nothing else needs escaping. */
function toJs(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
