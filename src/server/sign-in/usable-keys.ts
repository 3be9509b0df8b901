import { importJWK, type JWK } from 'jose';

/** Libraries that check signatures refuse shorter ones. */
const MIN_RSA_BITS = 2_048;

/** For keys that don't say what they are for. */
const defaultAlgorithms: Readonly<Record<string, string>> = {
  RSA: 'RS256',
  'P-256': 'ES256',
  'P-384': 'ES384',
  'P-521': 'ES512',
  Ed25519: 'EdDSA',
};

/** The usable entries of a JSON Web Key Set, and the number of unusable ones. */
export interface UsableKeys {
  readonly keys: readonly JWK[];
  readonly unusableCount: number;
}

/**
 * Remove keys that can't check signatures: entries that are not keys, of unknown kinds, too short, or not public. A
 * single one of them would make the valid ones unusable.
 */
export async function toUsableKeys(entries: readonly unknown[]): Promise<UsableKeys> {
  const usable = await Promise.all(entries.map(toUsable));
  const keys = usable.filter((key) => key !== null);
  return { keys, unusableCount: entries.length - keys.length };
}

async function toUsable(entry: unknown): Promise<JWK | null> {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) return null;
  // Null values are removed as well.
  const given = Object.entries(entry).filter(([, value]) => value !== null);
  const jwk: JWK = Object.fromEntries(given.map(([name, value]) => [name, toMeant(name, value)]));
  return (await isUsable(jwk)) ? jwk : null;
}

/** Names that are unambiguous in any case. */
const knownNames: Readonly<Record<string, readonly string[]>> = {
  kty: ['RSA', 'EC', 'OKP'],
  use: ['sig', 'enc'],
  crv: ['P-256', 'P-384', 'P-521', 'Ed25519'],
  alg: ['RS', 'PS', 'ES']
    .flatMap((kind) => [256, 384, 512].map((bits) => `${kind}${bits}`))
    .concat('EdDSA', 'Ed25519'),
};

/** A value in the standard's form, if it is unambiguous. */
function toMeant(name: string, value: unknown): unknown {
  if (name === 'kid' && Number.isSafeInteger(value)) return String(value);
  if (name === 'key_ops' && typeof value === 'string') return [value];
  if (typeof value !== 'string') return value;
  const isMeant = (known: string) => known.toLowerCase() === value.toLowerCase();
  return knownNames[name]?.find(isMeant) ?? value;
}

async function isUsable(jwk: JWK): Promise<boolean> {
  try {
    const key = await importJWK(
      jwk,
      jwk.alg ?? defaultAlgorithms[jwk.crv ?? ''] ?? defaultAlgorithms[jwk.kty ?? ''],
    );
    if (key instanceof Uint8Array || key.type !== 'public') return false;
    const { modulusLength = MIN_RSA_BITS } = key.algorithm as { modulusLength?: number };
    return modulusLength >= MIN_RSA_BITS;
  } catch {
    return false;
  }
}
