import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { readEnvFile, SettingsInvalidError } from '../../src/adobe/settings.js';
import { loadDatasets } from '../../src/platform/datasets.js';
import { parsePlatformConfig } from '../../src/platform/platform-config.js';
import { createWorkspace, DATA_SET_ID, startReceiver } from './support/running-receiver.js';

it('a dataset is read with a byte order mark and in UTF-16, and refused in another encoding', async () => {
  await using space = await createWorkspace();
  const path = join(space.datasetsDir, `${DATA_SET_ID}.json`);
  const text = readFileSync(path, 'utf8').replace('People', 'Größen');
  for (const bytes of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le')]) {
    writeFileSync(path, bytes);
    expect((await loadDatasets(space.datasetsDir)).get(DATA_SET_ID)?.name).toBe('Größen');
  }
  writeFileSync(path, Buffer.from(text, 'latin1'));
  await expect(loadDatasets(space.datasetsDir)).rejects.toThrow(`${path}: expected text in UTF-8`);
});

it('variables are read from a .env file with a byte order mark, without blanks around them', () => {
  const dir = mkdtempSync(join(tmpdir(), 'odd-bytes-'));
  const path = join(dir, '.env');
  writeFileSync(path, '\ufeffPLATFORM_RECEIVER_PORT="4021 "\r\n');
  expect(parsePlatformConfig(readEnvFile(path))).toMatchObject({ port: 4021 });
  expect(() => parsePlatformConfig({ PLATFORM_API_KEY: '"k"', DATA_DIR: "'d'" })).toThrow(
    new SettingsInvalidError(
      'The environment is wrong:\n  DATA_DIR: expected a value without quotes, which would be part of it\n  PLATFORM_API_KEY: expected a value without quotes, which would be part of it',
    ),
  );
  expect(() => parsePlatformConfig({ PLATFORM_CLIENT_SECRET: 'a\nb' })).toThrow(
    'PLATFORM_CLIENT_SECRET: expected text in UTF-8, on one line',
  );
  rmSync(dir, { recursive: true });
});

it('a body is read behind a byte order mark, and refused where it is no text', async () => {
  await using space = await createWorkspace();
  await using receiver = await startReceiver(space);
  const create = (body: Buffer) =>
    receiver.call('/data/foundation/import/batches', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  const text = `\ufeff{"datasetId":"${DATA_SET_ID}","inputFormat":{"format":"json"}}`;
  expect(await create(Buffer.from(text))).toMatchObject({ httpStatus: 201 });
  expect(await create(Buffer.from(text, 'utf16le'))).toMatchObject({ httpStatus: 201 });
  const refused = await create(Buffer.from([0x7b, 0xff, 0x7d]));
  expect(refused.httpStatus).toBe(400);
  expect(refused.text).toContain('The body cannot be read: expected text in UTF-8');
});
