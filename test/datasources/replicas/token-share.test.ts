import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { createTokenSeal } from '../../../src/datasources/replicas/token-seal.js';
import { createTokenShare } from '../../../src/datasources/replicas/token-share.datasource.js';
import { createTokenSource } from '../../../src/datasources/upstream/ims-token.datasource.js';
import type { ClientCredentials } from '../../../src/datasources/upstream/ims-token.wire.js';
import type { Clock } from '../../../src/ingestion/ports.js';
import { systemClock } from '../../../src/process/system-clock.js';
import { openReplicaDatabase } from '../../support/open-replica-database.js';
import { held, json, text } from '../../support/scripted-upstream.js';
import {
  failureOf,
  releaseAfterEachTest,
  releaseAfterTest,
  scripted,
} from '../upstream/campaign-harness.js';

releaseAfterEachTest();

/** How often a replica looks whether another one has fetched the token, in ms. */
const LOOK_MS = 200;

const granted = (token: string, expiresInSeconds = 86_399) =>
  json(200, { access_token: token, token_type: 'bearer', expires_in: expiresInSeconds });

let database: Awaited<ReturnType<typeof openReplicaDatabase>>;
beforeAll(async () => {
  database = await openReplicaDatabase();
});
afterAll(async () => database[Symbol.asyncDispose]());
beforeEach(async () => {
  await sql`truncate access_tokens`.execute(database.db);
});

function credentialsFor(imsUrl: string, clientSecret = 's3cret&='): ClientCredentials {
  const scopes = ['openid', 'AdobeID'];
  return { kind: 'clientCredentials', imsUrl, clientId: 'client 1', clientSecret, scopes };
}

/** The token source of one replica. */
function createReplica(credentials: ClientCredentials, clock = systemClock) {
  const fetches: string[] = [];
  const seal = createTokenSeal(credentials);
  const tokens = createTokenSource(credentials, {
    clock,
    timeoutMs: 10_000,
    share: createTokenShare(database, seal, clock, 10_000),
    onFetch: (outcome) => fetches.push(outcome),
  });
  releaseAfterTest(() => tokens.close());
  return { tokens, fetches };
}

/** Resolves once a statement waits for a lock that another one has. */
async function untilLocked(): Promise<void> {
  for (;;) {
    const { rows } = await sql`select from pg_stat_activity
      where wait_event_type = 'Lock' and datname = current_database()`.execute(database.db);
    if (rows.length > 0) return;
  }
}

async function setUp(count: number) {
  const ims = await scripted();
  const replicas = Array.from({ length: count }, () => createReplica(credentialsFor(ims.url)));
  return { ims, replicas, tokensOfAll: () => Promise.all(replicas.map((r) => r.tokens.token())) };
}

describe('a token that replicas share', () => {
  it('is fetched by one of them, even if all ask at the same time', async () => {
    const { ims, replicas, tokensOfAll } = await setUp(3);
    const slow = held(granted('t1'));
    ims.script(slow.answer);
    const asked = tokensOfAll();
    await ims.arrived(1);
    slow.release();
    expect(await asked).toEqual(['t1', 't1', 't1']);
    expect(ims.calls).toHaveLength(1);
    expect(replicas.flatMap(({ fetches }) => fetches)).toEqual(['OK']);
    expect(await createReplica(credentialsFor(ims.url)).tokens.token()).toBe('t1');
  });

  it('is fetched even if the database’s clock was set back since the last fetch', async () => {
    const { ims, replicas } = await setUp(2);
    ims.script(text(503, ''), granted('t1'), granted('t2'));
    await failureOf(replicas[0]?.tokens.token() ?? Promise.resolve());
    await sql`update access_tokens set retry_at = retry_at + interval '1 hour',
      fetching_until = now() + interval '1 hour'`.execute(database.db);
    expect(await replicas[1]?.tokens.token()).toBe('t1');
    await sql`update access_tokens set fetched_at = fetched_at + interval '1 hour',
      expires_at = expires_at + interval '1 hour'`.execute(database.db);
    expect(await createReplica(credentialsFor(ims.url)).tokens.token()).toBe('t2');
  });

  it('is not fetched by a replica that waited for its turn while another one began', async () => {
    const { ims } = await setUp(0);
    ims.script(granted('t1'));
    const credentials = credentialsFor(ims.url);
    const { credential } = createTokenSeal(credentials);
    await sql`insert into access_tokens (credential) values (${credential})`.execute(database.db);
    const waits = Promise.withResolvers<'waits'>();
    const schedule: Clock['schedule'] = (delayMs, task) => {
      if (delayMs === LOOK_MS) waits.resolve('waits');
      return systemClock.schedule(delayMs, task);
    };
    const { tokens } = createReplica(credentials, { ...systemClock, schedule });
    const token = await database.db.transaction().execute(async (other) => {
      await sql`select from access_tokens for update`.execute(other);
      const asked = tokens.token();
      await untilLocked();
      await sql`update access_tokens
        set fetching_until = clock_timestamp() + interval '12 seconds'`.execute(other);
      return { asked };
    });
    expect(await Promise.race([waits.promise, ims.arrived(1)])).toBe('waits');
    await sql`update access_tokens set fetching_until = null`.execute(database.db);
    expect(await token.asked).toBe('t1');
  });

  it('is encrypted in the database, and cannot be read with another secret', async () => {
    const { ims, tokensOfAll } = await setUp(1);
    ims.script(granted('planted-token-1'), granted('planted-token-2'));
    await tokensOfAll();
    const { rows } = await sql<{ sealed: Buffer; all: string }>`
      select sealed, access_tokens::text as all from access_tokens`.execute(database.db);
    expect(rows[0]?.sealed.includes('planted')).toBe(false);
    expect(rows[0]?.all).not.toContain('planted');
    const other = createTokenSeal(credentialsFor(ims.url, 'another'));
    expect(other.open(rows[0]?.sealed ?? Buffer.alloc(0))).toBeNull();
    expect(await createReplica(credentialsFor(ims.url, 'another')).tokens.token()).toBe(
      'planted-token-2',
    );
  });

  it('is fetched again once when the upstream rejects it, whichever replicas notice', async () => {
    const { ims, replicas, tokensOfAll } = await setUp(3);
    ims.script(granted('t1'), granted('t2'));
    await tokensOfAll();
    for (const { tokens } of replicas) expect(tokens.discard('t1', 'certain')).toBe(true);
    expect(await tokensOfAll()).toEqual(['t2', 't2', 't2']);
    expect(ims.calls).toHaveLength(2);
    // The newest token is rejected, too: no more are fetched for a while.
    for (const { tokens } of replicas) expect(tokens.discard('t2', 'certain')).toBe(false);
  });

  it('shares one failed fetch with all replicas', async () => {
    const { ims, replicas } = await setUp(3);
    // Long enough for the last replica to hear of it on a busy machine.
    ims.script(text(401, '', { 'retry-after': '30' }));
    ims.otherwise(text(500, ''));
    const failures = await Promise.all(replicas.map(({ tokens }) => failureOf(tokens.token())));
    expect(failures.map(({ code }) => code)).toEqual(Array(3).fill('UPSTREAM_UNAUTHENTICATED'));
    expect(ims.calls).toHaveLength(1);
  });

  it('is fetched by another replica when the first does not finish', async () => {
    const { ims, replicas } = await setUp(1);
    ims.script(granted('t1'));
    const { credential } = createTokenSeal(credentialsFor(ims.url));
    await sql`insert into access_tokens (credential, fetching_until)
      values (${credential}, now() + interval '300 ms')`.execute(database.db);
    expect(await replicas[0]?.tokens.token()).toBe('t1');
  });

  it('is fetched again when its row was changed', async () => {
    const { ims, tokensOfAll } = await setUp(1);
    ims.script(granted('t1'), granted('t2'));
    await tokensOfAll();
    await sql`update access_tokens set sealed = set_byte(sealed, 29, 255 - get_byte(sealed, 29))`.execute(
      database.db,
    );
    expect(await createReplica(credentialsFor(ims.url)).tokens.token()).toBe('t2');
  });
});

describe('a shared token without its database', () => {
  it('is unavailable, and the error says why', async () => {
    const ims = await scripted();
    const credentials = credentialsFor(ims.url);
    const guard = () => Promise.reject(new Error('connection refused'));
    const share = createTokenShare(
      { db: database.db, guard },
      createTokenSeal(credentials),
      systemClock,
      1_000,
    );
    const tokens = createTokenSource(credentials, { clock: systemClock, timeoutMs: 1_000, share });
    releaseAfterTest(() => tokens.close());
    expect(await failureOf(tokens.token())).toMatchObject({
      code: 'UPSTREAM_UNAVAILABLE',
      message:
        'There is no access token: the database through which the replicas share it does not respond.',
    });
    expect(ims.calls).toHaveLength(0);
  });
});
