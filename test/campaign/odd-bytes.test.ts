import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readEnvFile } from '../../src/adobe/settings.js';
import { parseCampaignConfig } from '../../src/campaign/campaign-config.js';
import { loadFaultPlan } from '../../src/campaign/faults/fault-plan.js';
import { readApiKeysFrom, readClientsFrom } from '../../src/campaign/http/credentials-file.js';
import { loadMappings } from '../../src/campaign/mapping/mappings.js';
import { createAccessTokens } from '../../src/campaign/upload/access-token.js';
import { findBatchId, parseBatchReport } from '../../src/campaign/upload/batch-report.js';
import { openConnections } from '../../src/campaign/upload/connections.js';
import { createDrivenClock } from './support/driven-clock.js';
import { createWorkspace, mappingYaml, startService } from './support/running-service.js';
import { ADMIN } from './support/service-client.js';

const dir = mkdtempSync(join(tmpdir(), 'odd-bytes-'));
afterAll(() => rmSync(dir, { recursive: true }));

const forms: [string, (text: string) => Buffer][] = [
  ['a byte order mark', (text) => Buffer.from(`\ufeff${text}`)],
  ['the line ends of Windows', (text) => Buffer.from(text.replaceAll('\n', '\r\n'))],
  ['UTF-16', (text) => Buffer.from(`\ufeff${text}`, 'utf16le')],
  ['UTF-16 the other way round', (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()],
];

function write(bytes: Uint8Array): string {
  const path = join(dir, 'file');
  writeFileSync(path, bytes);
  return path;
}

describe.each(forms)('a file with %s', (_, toBytes) => {
  it('is read if it contains keys or clients', () => {
    expect(readApiKeysFrom(write(toBytes('# ours\nkey-1\n')))()).toEqual(['key-1']);
    const client = { clientId: 'né', clientSecret: 's'.repeat(16), roles: [] };
    expect(readClientsFrom(write(toBytes(JSON.stringify({ clients: [client] }))))()).toEqual([
      client,
    ]);
  });

  it('is read if it contains faults or variables', () => {
    const plan = 'faults:\n  - { on: start, when: { nth: 3 }, do: drop }\n';
    expect(loadFaultPlan(write(toBytes(plan))).rules).toHaveLength(1);
    expect(readEnvFile(write(toBytes('DATA_DIR=dür\nPLATFORM_SANDBOX="x"\n')))).toEqual({
      DATA_DIR: 'dür',
      PLATFORM_SANDBOX: 'x',
    });
  });

  it('is read if it contains a mapping', async () => {
    await using space = await createWorkspace();
    writeFileSync(join(space.mappingsDir, 'a.yaml'), toBytes(mappingYaml('Größe')));
    expect([...(await loadMappings(space.mappingsDir, {})).keys()]).toEqual(['Größe']);
  });
});

describe('a file that is no text is refused in words', () => {
  const latin1 = Buffer.from('label: für\n', 'latin1');
  it.each<[string, () => unknown]>([
    ['keys', () => readApiKeysFrom(write(latin1))()],
    ['clients', () => readClientsFrom(write(latin1))()],
    ['faults', () => loadFaultPlan(write(latin1))],
    ['variables', () => readEnvFile(write(latin1))],
    ['UTF-16 without a mark', () => readEnvFile(write(Buffer.from('A=1\n', 'utf16le')))],
  ])('%s', (_, read) => {
    expect(read).toThrow(/file: .*expected text in UTF-8/);
  });

  it('a mapping', async () => {
    await using space = await createWorkspace();
    const path = join(space.mappingsDir, 'a.yaml');
    writeFileSync(path, latin1);
    await expect(loadMappings(space.mappingsDir, {})).rejects.toThrow(
      `${path}: cannot be read: expected text in UTF-8`,
    );
  });
});

it('blanks and line ends around a variable are no part of it, and there are none within', () => {
  expect(parseCampaignConfig({ CAMPAIGN_SERVICE_PORT: '4011\r\n', DATA_DIR: ' d ' })).toMatchObject(
    { port: 4011, dataDir: 'd' },
  );
  expect(() => parseCampaignConfig({ IMS_CLIENT_SECRET: 'a\nb' })).toThrow(
    'IMS_CLIENT_SECRET: expected text in UTF-8, on one line',
  );
});

describe('the answers of Platform', () => {
  const report = (batch: unknown) => parseBatchReport('b1', JSON.stringify({ b1: batch }));
  const told = { status: 'failed', phase: 'failed', ingestedRecords: 3, failedRecords: 2 };

  it('may have numbers as texts, and lack what they need not have', () => {
    const metrics = { outputRecordCount: '3', failedRecordCount: ' 2 ' };
    const errors = [{ code: 1555, description: null, recordCount: '2' }, null];
    expect(report({ status: 'Failed ', metrics, errors })).toEqual({
      ...told,
      reason: '1555 (2 records); ',
    });
    expect(report({ status: 'success', metrics: null, errors: null })).toMatchObject({
      phase: 'accepted',
      ingestedRecords: null,
      failedRecords: 0,
      reason: '',
    });
  });

  it('are read for their status, whatever else they contain', () => {
    const fields = fc.record({ metrics: fc.jsonValue(), errors: fc.jsonValue() });
    fc.assert(
      fc.property(fields, fc.constantFrom('success', 'SUCCESS', ' Success'), (odd, status) => {
        expect(report({ ...odd, status }).phase).toBe('accepted');
      }),
      { seed: 20_263 },
    );
  });

  it('may have others in a list that cannot be read', () => {
    const list = { a: null, b: { status: 7, externalId: null }, c: { externalId: 'mine' } };
    expect(findBatchId(JSON.stringify(list), 'mine')).toBe('c');
  });

  it.each([
    ['a text', '{"access_token":"t","expires_in":"86399"}', 86_000_000],
    ['left out', '{"access_token":"t"}', 200_000],
    ['null, behind a byte order mark', '\ufeff{"access_token":"t","expires_in":null}', 200_000],
  ])('give a token whose life is %s', async (_, body, goodForMs) => {
    let fetched = 0;
    const server = createServer((_request, response) => {
      fetched += 1;
      response.end(body);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connections = openConnections();
    const clock = createDrivenClock();
    const imsUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = { clientId: 'client', clientSecret: 'secret' };
    const tokens = createAccessTokens(
      { kind: 'clientCredentials', imsUrl, ...client },
      connections,
      clock,
    );
    const { signal } = new AbortController();
    expect(await tokens.current(signal)).toBe('t');
    await clock.advance(goodForMs);
    await tokens.current(signal);
    expect(fetched).toBe(1);
    await clock.advance(goodForMs);
    await tokens.current(signal);
    expect(fetched).toBe(2);
    await connections.close();
    server.close();
  });
});

it('bodies are read after a byte order mark, and refused if they are not text', async () => {
  await using space = await createWorkspace({
    'a.yaml': mappingYaml('M', { publication: 'unpublished' }),
  });
  await using service = await startService(space);
  const headers = { authorization: `Bearer ${await service.signIn(ADMIN)}` };
  const publish = async (body: Uint8Array) => {
    const url = `${service.url}/admin/mappings/M/publish`;
    const response = await fetch(url, { method: 'POST', headers, body });
    return [response.status, await response.json()];
  };
  const text = '\ufeff{"resendFromBeginning":false}';
  expect(await publish(Buffer.from(text))).toMatchObject([200, { id: 'M' }]);
  expect(await publish(Buffer.from(text, 'utf16le'))).toMatchObject([
    409,
    { code: 'ALREADY_PUBLISHED' },
  ]);
  expect(await publish(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual([
    400,
    { code: 'BAD_INPUT', message: 'The body cannot be read: expected text in UTF-8.' },
  ]);
});
