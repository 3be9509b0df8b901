import type { OutgoingProxies } from '../datasources/upstream/outgoing-proxy.js';
import { isQuoted } from '../process/setting-text.js';
import type { Environment } from './sources.js';

/** The variables that say by way of whom calls leave. */
export const proxyVariables = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const;

/**
 * By way of whom calls leave, from the variables that other programs read as well. Each may be written in capitals
 * or not; where both are set, the one in small letters counts.
 *
 * @param faults - gets one for each variable that is no proxy
 */
export function toOutgoingProxies(given: Environment, faults: string[]): OutgoingProxies {
  const { variable, value: exempt } = find('NO_PROXY', given);
  if (isQuoted(exempt)) {
    faults.push(
      `${variable}=${exempt}: expected names with commas between them, without the quotes around it, which are part of the value`,
    );
  }
  return {
    http: toProxy('HTTP_PROXY', given, faults),
    https: toProxy('HTTPS_PROXY', given, faults),
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

function toProxy(name: string, given: Environment, faults: string[]): OutgoingProxies['http'] {
  const { variable, value } = find(name, given);
  if (value === '') return null;
  // `proxy:3128`, as other programs take it.
  const url = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (url && /^https?:$/.test(url.protocol) && isDecodable(url)) return { url: url.href, variable };
  const quotes = isQuoted(value)
    ? ', without the quotes around it, which are part of the value'
    : '';
  // Not its value: it may hold a password anywhere.
  faults.push(
    `${variable}=***: expected the http or https URL of a proxy, such as http://user:password@proxy:3128${quotes}`,
  );
  return null;
}

/** Whether its credentials can be read as they are sent: a `%` of a password has to be written `%25`. */
function isDecodable({ username, password }: URL): boolean {
  try {
    return decodeURIComponent(username + password) !== undefined;
  } catch {
    return false;
  }
}
