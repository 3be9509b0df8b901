import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeBody } from '../../src/platform/body-file.js';
import { MAX_FILE_BYTES } from '../../src/platform/upload-routes.js';
import { createWorkspace, filePath, startReceiver } from './support/running-receiver.js';

let space: Awaited<ReturnType<typeof createWorkspace>>;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let batchId: string;

beforeAll(async () => {
  space = await createWorkspace();
  receiver = await startReceiver(space);
  batchId = (await receiver.create()).json.id;
});

afterAll(async () => {
  await receiver.stop();
  await space[Symbol.asyncDispose]();
});

describe('a file', () => {
  it.each([
    ['', '"" is not a file path such as part-1.json'],
    ['a//b', '"a//b" is not a file path such as part-1.json'],
    ['a%2F..%2Fb', '"a/../b" is not a file path such as part-1.json'],
    ['x'.repeat(256), 'The file path exceeds 255 bytes when encoded'],
  ])('is refused under the path "%s"', async (path, detail) => {
    const answer = await receiver.put(batchId, path, 'x');
    expect(answer).toMatchObject({ httpStatus: 400, json: { detail } });
  });

  it('is refused with another content type', async () => {
    const headers = { 'content-type': 'application/json' };
    expect(await receiver.put(batchId, 'a.json', 'x', { headers })).toMatchObject({
      httpStatus: 415,
      json: { detail: 'content-type must be application/octet-stream' },
    });
  });

  it('is refused where batch or dataset is another', async () => {
    expect((await receiver.put('unknown', 'a.json', 'x')).json.detail).toBe(
      'There is no batch unknown',
    );
    const path = filePath(batchId, 'a.json').replace('aaaaaaaaaaaaaaaaaaaaaaaa', 'b');
    const headers = { 'content-type': 'application/octet-stream' };
    expect(await receiver.call(path, { method: 'PUT', headers, body: 'x' })).toMatchObject({
      httpStatus: 404,
      json: { detail: `Batch ${batchId} is not of dataset b` },
    });
  });

  it('is refused above 256 MB before any of it is read', async () => {
    const call = request(new URL(filePath(batchId, 'a.json'), receiver.url), {
      method: 'PUT',
      headers: {
        ...receiver.headers,
        'content-type': 'application/octet-stream',
        'content-length': MAX_FILE_BYTES + 1,
      },
    });
    call.flushHeaders();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(413);
    expect(JSON.parse(await text(response))).toMatchObject({
      title: 'PayloadTooLargeError',
      detail: `The body exceeds ${MAX_FILE_BYTES} bytes`,
    });
    call.destroy();
  });

  it('is read to its end and dropped if its length was unknown', async () => {
    await using own = await createWorkspace();
    await mkdir(own.dataDir);
    const body = Readable.from(['12345', '67890', '!'].map((part) => Buffer.from(part)));
    await expect(writeBody(own.dataDir, body, 10)).rejects.toThrow('The body exceeds 10 bytes');
    expect(await readdir(own.dataDir)).toEqual([]);
    expect(body.readableEnded).toBe(true);
  });

  it('is one of 1,500 at most, and replaces its like', async () => {
    const { id } = (await receiver.create()).json;
    const dir = join(space.dataDir, 'platform', 'batches', id, 'files');
    for (let index = 0; index < 1_500; index += 1) writeFileSync(join(dir, `${index}.json`), '');
    expect(await receiver.put(id, 'more.json', '{}')).toMatchObject({
      httpStatus: 400,
      json: { detail: 'A batch has at most 1500 files' },
    });
    expect((await receiver.put(id, '0.json', '{"_id":"new"}')).httpStatus).toBe(200);
  });
});

describe('a large file', () => {
  const headers = { 'content-type': 'application/octet-stream' };
  const post = (id: string, action: string) =>
    receiver.call(`${filePath(id, 'large.json')}?action=${action}`, { method: 'POST' });
  const patch = (id: string, range: string, body: string) =>
    receiver.call(filePath(id, 'large.json'), {
      method: 'PATCH',
      headers: { ...headers, 'content-range': range },
      body,
    });

  it('is put together from its chunks, in whatever order they came', async () => {
    const { id } = (await receiver.create()).json;
    expect((await post(id, 'initialize')).httpStatus).toBe(201);
    expect((await patch(id, 'bytes 8-11', '"1"}')).httpStatus).toBe(200);
    expect(await patch(id, 'bytes 0-7/12', '{"_id" :')).toMatchObject({
      httpStatus: 200,
      json: { name: 'large.json', sizeInBytes: 12 },
    });
    const head = await receiver.call(filePath(id, 'large.json'), { method: 'HEAD' });
    expect(head).toMatchObject({ httpStatus: 200, headers: { range: 'bytes=0-11' } });
    expect(await post(id, 'COMPLETE')).toMatchObject({
      httpStatus: 201,
      json: { sizeInBytes: 12 },
    });
    await receiver.act(id, 'COMPLETE');
    await receiver.reached(id, 'success');
    expect((await receiver.look(id)).metrics).toMatchObject({
      inputByteSize: 12,
      inputFileCount: 1,
      inputRecordCount: 1,
    });
  });

  it.each([
    ['missing', ['bytes 0-1', 'bytes 3-4']],
    ['missing at the beginning', ['bytes 1-2']],
    ['overlapping', ['bytes 0-1', 'bytes 1-2']],
  ])('is refused at its completion where chunks are %s', async (_what, ranges) => {
    const { id } = (await receiver.create()).json;
    await post(id, 'INITIALIZE');
    for (const range of ranges) expect((await patch(id, range, 'xx')).httpStatus).toBe(200);
    expect(await post(id, 'COMPLETE')).toMatchObject({
      httpStatus: 400,
      json: { detail: 'Chunks of the large file overlap or are missing' },
    });
  });

  it.each([
    ['bytes 0-', 'Content-Range must have the form "bytes {start}-{end}"'],
    ['bytes 5-4', 'Content-Range must have the form "bytes {start}-{end}"'],
    ['bytes 0-9', 'Content-Range does not fit a body of 2 bytes'],
  ])('takes no chunk for %s', async (range, detail) => {
    await post(batchId, 'INITIALIZE');
    const answer = await patch(batchId, range, 'xx');
    expect(answer).toMatchObject({ httpStatus: 400, json: { detail } });
  });

  it('takes a chunk as the file of a form, too', async () => {
    const { id } = (await receiver.create()).json;
    await post(id, 'INITIALIZE');
    const send = (range: string, body: string, type = 'multipart/form-data; boundary=xyz') =>
      receiver.call(filePath(id, 'large.json'), {
        method: 'PATCH',
        headers: { 'content-type': type, 'content-range': range },
        body,
      });
    const part = (name: string, content: string) =>
      `--xyz\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${content}\r\n`;
    const chunk = '{"_id":"1",\r\n"name":"--xyz"}';
    const form = `${part('file', chunk)}${part('note', 'dropped')}--xyz--\r\n`;
    expect((await send(`bytes 0-${chunk.length - 1}`, form)).httpStatus).toBe(200);
    const stored = join(space.dataDir, 'platform', 'batches', id, 'chunks', 'large.json');
    const [name = ''] = await readdir(stored);
    expect(await readFile(join(stored, name), 'utf8')).toBe(chunk);
    expect((await send('bytes 0-9', '--xyz--\r\n')).json.detail).toMatch(/^The multipart body /);
    expect((await send('bytes 0-9', part('file', 'cut'))).json.detail).toMatch(
      /^The multipart body /,
    );
    expect((await send('bytes 0-9', form, 'multipart/form-data')).json.detail).toBe(
      'The multipart body has no boundary',
    );
  });

  it('begins with INITIALIZE', async () => {
    const { id } = (await receiver.create()).json;
    expect(await patch(id, 'bytes 0-1', 'xx')).toMatchObject({
      httpStatus: 400,
      json: { detail: 'The large file was not begun: call action=INITIALIZE first' },
    });
    expect((await post(id, 'OTHER')).json.detail).toBe('action must be INITIALIZE or COMPLETE');
  });
});
