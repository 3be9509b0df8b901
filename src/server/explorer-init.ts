import type { AltairConfigOptions } from 'altair-static';

/**
 * The script that starts Altair in the page.
 *
 * The addresses are made absolute in the browser: only there is it known by which host, path and scheme
 * the page was reached, and Altair wants them absolute.
 *
 * Altair opens the last of the tabs that it is given. On the first visit the script goes on to the first
 * tab, once all of them are there; later, Altair shows the tab that was open last.
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
  const toFirstTab = () => {
    const tabs = document.querySelectorAll('app-window-switcher .window-switcher__item');
    const isComplete = [...tabs].filter((tab) => tab.textContent.trim()).length > options.initialWindows.length;
    if (!isComplete) return;
    arrivals.disconnect();
    localStorage.setItem(visited, 'yes');
    tabs[0].click();
  };
  const arrivals = new MutationObserver(toFirstTab);
  arrivals.observe(document.body, { childList: true, subtree: true, characterData: true });
}

AltairGraphQL.init({ ...options, endpointURL: http.href, subscriptionsEndpoint: ws.href });
`;
}

/** JSON is JavaScript, and the script is a file of its own: nothing else needs escaping. */
function toJs(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
