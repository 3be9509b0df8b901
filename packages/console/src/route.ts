import { useSyncExternalStore } from 'react';

/** A page and its choices, from the fragment of the address: `#/ingestions?tab=failed`. */
export interface Route {
  /** Decoded, such as `['ingestions', 'crm-profiles', '7']`. */
  readonly path: readonly string[];
  readonly search: URLSearchParams;
}

let current = parseRoute(location.hash);
window.addEventListener('hashchange', () => {
  current = parseRoute(location.hash);
});

/** The current route. */
export function useRoute(): Route {
  return useSyncExternalStore(listen, () => current);
}

/** The address of a page, for a link. */
export function toHref(
  path: readonly string[],
  search: Readonly<Record<string, string>> = {},
): string {
  const chosen = new URLSearchParams(Object.entries(search).filter(([, value]) => value !== ''));
  const query = chosen.size > 0 ? `?${chosen}` : '';
  return `#/${path.map(encodeURIComponent).join('/')}${query}`;
}

/** Go to a page. */
export function goTo(href: string): void {
  location.hash = href;
}

/** Change a choice on this page, without a history entry; an empty value removes it. */
export function choose(changes: Readonly<Record<string, string>>): void {
  const search = { ...Object.fromEntries(current.search), ...changes };
  replaceAddress(toHref(current.path, search));
}

/** Show another address of this page, without a step in the history. */
export function replaceAddress(href: string): void {
  history.replaceState(null, '', href);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

function listen(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return {
    path: path.split('/').filter(Boolean).map(decode),
    search: new URLSearchParams(query),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
