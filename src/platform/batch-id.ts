import { randomBytes } from 'node:crypto';

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;

/**
 * A new batch id: a ULID, as in Adobe's samples. Later ones sort after earlier ones.
 *
 * @param now - in ms since the epoch
 */
export function createBatchId(now: number): string {
  let time = '';
  for (let rest = now; time.length < TIME_DIGITS; rest = Math.floor(rest / 32)) {
    time = `${CROCKFORD[rest % 32]}${time}`;
  }
  const random = [...randomBytes(RANDOM_DIGITS)].map((byte) => CROCKFORD[byte % 32]);
  return `${time}${random.join('')}`;
}
