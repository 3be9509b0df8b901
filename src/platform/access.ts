import type { IncomingHttpHeaders } from 'node:http';
import { bearerTokenOf, type Client, isSame, type TokenIssuer } from '../adobe/ims.js';

/** Why the API gateway in front of Platform refuses a call, in its words. */
export interface Denial {
  readonly httpStatus: number;
  readonly body: { readonly error_code: string; readonly message: string };
}

/** Every organization has this one, and a call without the header means it. */
const DEFAULT_SANDBOX = 'prod';

/** What every call must contain. */
export interface AccessRules {
  readonly apiKey: string;
  /** The clients whose ids are API keys too, as at Adobe. */
  readonly clients: readonly Pick<Client, 'clientId'>[];
  /** Such as `sluice@AdobeOrg`. */
  readonly imsOrg: string;
  readonly sandbox: string;
  readonly tokens: Pick<TokenIssuer, 'clientOf'>;
}

/** Find out why a call is refused: first by its key, then token, organization, sandbox. */
export function denialOf(rules: AccessRules, headers: IncomingHttpHeaders): Denial | null {
  const given = (name: string) => String(headers[name] ?? '');

  if (given('x-api-key') === '') return denial('403000', 'Api Key is required');
  const keys = [rules.apiKey, ...rules.clients.map(({ clientId }) => clientId)];
  if (!keys.some((key) => isSame(key, given('x-api-key')))) {
    return denial('403003', 'Api Key is invalid');
  }

  if (given('authorization') === '') return denial('403010', 'Oauth token is missing.');
  const token = bearerTokenOf(given('authorization'));
  if (token === null || rules.tokens.clientOf(token) === null) {
    return denial('401013', 'Oauth token is not valid');
  }

  if (given('x-gw-ims-org-id') === '') return denial('400003', 'Missing header');
  if (given('x-gw-ims-org-id') !== rules.imsOrg) return denial('403027', 'User region is missing');

  const sandbox = given('x-sandbox-name');
  if (sandbox === '' && rules.sandbox !== DEFAULT_SANDBOX)
    return denial('400003', 'Missing header');
  if ((sandbox || DEFAULT_SANDBOX) !== rules.sandbox)
    return denial('403025', 'Profile is not valid');
  return null;
}

/** Adobe's codes begin with their HTTP status. */
function denial(errorCode: string, message: string): Denial {
  return { httpStatus: Number(errorCode.slice(0, 3)), body: { error_code: errorCode, message } };
}
