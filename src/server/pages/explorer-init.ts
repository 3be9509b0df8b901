import type { AltairConfigOptions } from 'altair-static';

/**
 * The script that starts Altair in the page.
 *
 * The addresses are made absolute in the browser, because only the browser knows the host, path and scheme of the
 * page, and Altair requires absolute ones.
 *
 * Altair opens the last of the given tabs. On the first visit the script then selects the first tab; later, Altair
 * shows the tab that was open last. Altair collapses the variables of a tab;
 * the script expands them, once for each tab.
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

const unfolded = new Set();
new MutationObserver(() => {
  const active = document.querySelector('app-window-switcher-item .window-switcher__item--active');
  const title = document.querySelector('[track-id="toggle_variables"]');
  if (!active || !title || unfolded.has(active)) return;
  unfolded.add(active);
  if (title.parentElement.childElementCount === 1) title.click();
}).observe(document.body, { childList: true, subtree: true, attributeFilter: ['class'] });

AltairGraphQL.init({ ...options, endpointURL: http.href, subscriptionsEndpoint: ws.href });
`;
}

/** JSON is JavaScript, and the script is a separate file, so nothing else needs escaping. */
function toJs(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

/** What fits Altair to a phone: the panes below one another instead of side by side, and nothing that may be missed. */
export const PHONE_STYLE = `@media (max-width: 700px) {
  .app-side-menu, .url-box__method-wrapper, as-split > .as-split-gutter, app-header .header__menu-item span { display: none !important; }
  .url-box__input-container { min-inline-size: 0; }
  .send-request__button { inline-size: auto; padding-inline: 12px; white-space: nowrap; }
  as-split.as-horizontal { display: grid !important; grid-template: minmax(0, 1fr) minmax(0, 1fr) / minmax(0, 1fr) !important; }
  as-split.as-horizontal > .as-split-area { grid-area: auto !important; inline-size: auto !important; }
  as-split.as-horizontal > .as-split-area:nth-child(3) { grid-area: 1 / 1 / 3 / 2 !important; z-index: 1; background: var(--theme-bg-color, Canvas); }
  as-split.as-horizontal > .as-split-area.as-hidden { display: none; }
}
`;
