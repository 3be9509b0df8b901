import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseCampaignConfig } from '../../../src/campaign/campaign-config.js';
import type { Fault, FaultRule } from '../../../src/campaign/faults/fault-plan.js';
import {
  createWorkspace,
  mappingYaml,
  peopleCsv,
  startService,
} from '../support/running-service.js';
import { createServiceClient } from '../support/service-client.js';
import { run } from '../support/service-process.js';

/** Each fault hits the first start of a mapping that is named for it. */
const FAULTS: Readonly<Record<string, Fault>> = {
  delay: { do: 'delay', delayMs: 20 },
  reset: { do: 'reset' },
  drop: { do: 'drop' },
  a401: { do: 'answer', as: '401' },
  a403: { do: 'answer', as: '403' },
  a429: { do: 'answer', as: '429', retryAfterS: 3 },
  a500: { do: 'answer', as: '500' },
  a502: { do: 'answer', as: '502' },
  a503: { do: 'answer', as: '503' },
  a504: { do: 'answer', as: '504' },
  html: { do: 'answer', as: 'html' },
  truncate: { do: 'truncate', bytes: 5 },
  loseAnswer: { do: 'loseAnswer' },
};
const rules = Object.entries(FAULTS).map(
  ([mapping, fault]): FaultRule => ({ on: 'start', mapping, when: { nth: 1 }, fault }),
);

let space: Awaited<ReturnType<typeof createWorkspace>>;
let service: Awaited<ReturnType<typeof startService>>;

beforeAll(async () => {
  const files = Object.keys(FAULTS).map((id) => [`${id}.yaml`, mappingYaml(id)] as const);
  space = await createWorkspace({ ...Object.fromEntries(files), 'people.csv': peopleCsv(2) });
  service = await startService({ ...space, faults: { seed: 1, rules } });
});

afterAll(async () => {
  await service.stop();
  await space[Symbol.asyncDispose]();
});

describe('a fault', () => {
  it.each([
    ['a401', 401, '401013'],
    ['a403', 403, '403023'],
    ['a429', 429, '429050'],
    ['a500', 500, 'RST-360011'],
    ['a502', 502, 'Oops'],
    ['a503', 503, '503010'],
    ['a504', 504, 'GatewayTimeout'],
    ['html', 200, '<!DOCTYPE html>'],
  ])('%s is answered before the call is taken', async (mapping, httpStatus, part) => {
    const answer = await service.post(mapping);
    expect([answer.httpStatus, answer.text]).toEqual([httpStatus, expect.stringContaining(part)]);
    expect((await service.post(mapping)).json).toMatchObject({ status: 'Success' });
  });

  it('429 says how long to wait if the plan does', async () => {
    await using own = await createWorkspace({ 'M.yaml': mappingYaml('M') });
    const fault = FAULTS.a429 as Fault;
    const first = { on: 'status', when: { first: 1 }, fault } as const;
    await using limited = await startService({ ...own, faults: { seed: 1, rules: [first] } });
    expect((await limited.get('M', 1)).headers['retry-after']).toBe('3');
  });

  it('of a delay only takes longer', async () => {
    expect((await service.post('delay')).json).toMatchObject({ status: 'Success' });
  });

  it.each(['reset', 'loseAnswer'])('%s breaks the connection', async (mapping) => {
    await expect(service.post(mapping)).rejects.toMatchObject({
      code: /ECONNRESET|UND_ERR_SOCKET/,
    });
    // Only where the answer was lost had the call been taken.
    const ids = Array.from({ length: 40 }, (_, index) => index + 1);
    const asked = await Promise.all(ids.map((id) => service.get(mapping, id)));
    expect(asked.some(({ httpStatus }) => httpStatus === 200)).toBe(mapping === 'loseAnswer');
  });

  it('of a truncated body sends less than announced', async () => {
    await expect(service.post('truncate')).rejects.toThrow();
  });

  it('of no answer lasts until the client gives up', async () => {
    const { url, headers } = service;
    const path = '/acme/campaign/dataIngestion/xdmIngestion/drop/ingest';
    const signal = AbortSignal.timeout(200);
    const call = fetch(`${url}${path}`, { method: 'POST', headers, signal });
    await expect(call).rejects.toMatchObject({ name: 'TimeoutError' });
    expect((await service.post('drop')).json).toMatchObject({ status: 'Success' });
  });
});

describe('a plan of faults', () => {
  it('is refused if the service listens beyond loopback', () => {
    const env = {
      CAMPAIGN_SERVICE_HOST: '0.0.0.0',
      IMS_CLIENT_SECRET: 'own',
      CAMPAIGN_SERVICE_ADMIN_CLIENT_SECRET: 'own-too',
      CAMPAIGN_SERVICE_FAULTS: 'faults.yaml',
    };
    expect(() => parseCampaignConfig(env)).toThrow(
      'CAMPAIGN_SERVICE_FAULTS: must not be set if CAMPAIGN_SERVICE_HOST is not a loopback address, because it is for tests',
    );
  });

  it('can kill the service after a call that was accepted', async () => {
    await using own = await createWorkspace({ 'M.yaml': mappingYaml('M') });
    const file = join(own.mappingsDir, 'faults.json');
    const rule = { on: 'start', when: { nth: 1 }, do: 'crash' };
    await writeFile(file, JSON.stringify({ faults: [rule] }));
    const { child, printed } = run(own, {
      CAMPAIGN_SERVICE_FAULTS: file,
      CAMPAIGN_API_KEY: 'key-1',
      IMS_CLIENT_ID: 'client-1',
      IMS_CLIENT_SECRET: 'secret-1',
    });
    const told = await printed('IMS_CLIENT_SECRET=');
    const [, url = ''] = /^CAMPAIGN_URL=(.*)$/m.exec(told) ?? [];
    const client = await createServiceClient(url);
    const exited = new Promise((resolve) => child.on('exit', (_code, signal) => resolve(signal)));
    await expect(client.post('M')).rejects.toThrow();
    expect(await exited).toBe('SIGKILL');
  });
});
