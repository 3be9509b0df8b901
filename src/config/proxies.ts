import type { OutgoingProxies } from '../datasources/upstream/outgoing-proxy.js';
import { isQuoted } from '../process/setting-text.js';
import type { Environment } from './sources.js';

/** The variables for forward proxies. */
export const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const;

/**
 * The proxies for outgoing calls, from the variables that other programs use as well. Each may be in upper or lower
 * case; if both are set, the lower-case one counts.
 *
 * @param issues - gets one for each variable that is not a proxy
 */
export function toOutgoingProxies(given: Environment, issues: string[]): OutgoingProxies {
  const { variable, value: exempt } = find('NO_PROXY', given);
  if (isQuoted(exempt)) {
    issues.push(
      `${variable}=${exempt}: expected comma-separated names, without quotes, which would be part of the value`,
    );
  }
  return {
    http: toProxy('HTTP_PROXY', given, issues),
    https: toProxy('HTTPS_PROXY', given, issues),
    exempt: exempt.split(/[\s,]+/).filter((entry) => entry !== ''),
  };
}

function find(
  name: string,
  given: Environment,
): { readonly variable: string; readonly value: string } {
  const small = name.toLowerCase();
  const variable = given[small] ? small : name;
  return { variable, value: given[variable]?.trim() ?? '' };
}

function toProxy(name: string, given: Environment, issues: string[]): OutgoingProxies['http'] {
  const { variable, value } = find(name, given);
  if (value === '') return null;
  // `proxy:3128`, as other programs accept it.
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (url && /^https?:$/.test(url.protocol) && isDecodable(url)) return { url: url.href, variable };
  const quotes = isQuoted(value) ? ', without quotes, which would be part of the value' : '';
  // Without its value, which may contain a password anywhere.
  issues.push(
    `${variable}=***: expected the http or https URL of a proxy, such as http://user:password@proxy:3128${quotes}`,
  );
  return null;
}

/** Whether its credentials can be decoded: a `%` in a password must be written `%25`. */
function isDecodable({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}
