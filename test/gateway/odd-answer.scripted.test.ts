import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { statusAnswers } from '../support/campaign-answers.js';
import { STATUS, useOddBytesGateway } from '../support/odd-bytes-gateway.js';

const gateway = useOddBytesGateway();
const { ask } = gateway;

const SEED = 20_263;

describe('an upstream’s unusual answer', () => {
  const blank = fc.constantFrom('', ' ', '\n', '\t');
  const statusText = fc
    .record({
      status: fc.constantFrom('Success', 'In Progress', 'Failed', 'Aborted'),
      form: fc.constantFrom<(text: string) => string>(
        (text) => text,
        (text) => text.toUpperCase(),
        (text) => text.toLowerCase(),
        (text) => text.replace(' ', '_'),
        (text) => text.replace(' ', ''),
      ),
      before: blank,
      after: blank,
    })
    .map(({ status, form, before, after }) => ({
      text: `${before}${form(status)}${after}`,
      status: status.replace(' ', '_').toUpperCase(),
    }));
  const anything = fc.json({ maxDepth: 1 });
  const count = fc.oneof(
    fc.nat().map((n) => ({ literal: `${n}`, told: n as number | null })),
    fc.nat().map((n) => ({ literal: `"${n}"`, told: n })),
    fc.nat().map((n) => ({ literal: `${n}.0`, told: n })),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }).map((n) => ({ literal: `"${n}"`, told: null })),
    fc
      .constantFrom('null', '-1', '"many"', '1e400', '[1]', '')
      .map((literal) => ({ literal, told: null })),
  );
  const encoding = fc.constantFrom<(text: string) => { bytes: Buffer; type?: string }>(
    (text) => ({ bytes: Buffer.from(text) }),
    (text) => ({ bytes: Buffer.from(`\ufeff${text}`) }),
    (text) => ({ bytes: Buffer.from(`\ufeff${text}`, 'utf16le') }),
    (text) => ({ bytes: Buffer.from(text), type: 'text/plain; charset=iso-8859-1' }),
    (text) => ({ bytes: Buffer.from(text, 'latin1'), type: 'application/json; charset=latin1' }),
  );
  const mapping = fc.constantFrom<(id: string) => string>(
    (id) => id,
    (id) => id.normalize('NFC'),
    (id) => id.toUpperCase(),
    (id) => id.trim(),
  );

  it('is accepted if its status is readable, whatever else it contains', async () => {
    const mappingId = 'Kunden-Gr\u00f6\u00dfe';
    let nextId = 100;
    await fc.assert(
      fc.asyncProperty(
        fc.record({ statusText, count, encoding, mapping, batch: anything, other: anything }),
        fc.boolean(),
        async ({ statusText: { text, status }, count: { literal, told }, ...odd }, isIdText) => {
          const requestId = String(nextId++);
          const fields = [
            `"status":${JSON.stringify(text)}`,
            `"requestId":${isIdText ? `"${requestId}"` : requestId}`,
            `"info":${JSON.stringify(`Mapping Id: ${odd.mapping(mappingId)}. `)}`,
            ...(literal === '' ? [] : [`"numRecords":${literal}`]),
            `"batchId":${odd.batch}`,
            `"other":${odd.other}`,
          ];
          gateway.answerTo = () => odd.encoding(`{${fields.join()}}`);
          const { data, errors } = await ask(STATUS, { m: mappingId, r: requestId });
          expect(errors).toBeUndefined();
          expect(data.ingestionStatus).toMatchObject({
            requestId,
            status,
            numRecords: status === 'SUCCESS' ? told : null,
          });
        },
      ),
      { numRuns: 60, seed: SEED },
    );
  });

  it('identifies a start by its id, and by no other', async () => {
    const START =
      'mutation($m: ID!) { startIngestion(input: { mappingId: $m }) { ... on IngestionSubmitted { request { requestId } } ... on StartIngestionError { code } } }';
    const id = fc.oneof(
      fc
        .bigInt({ min: 0n, max: 2n ** 80n })
        .map((n) => ({ literal: `${n}`, meant: `${n}` as string | null })),
      fc.bigInt({ min: 0n, max: 2n ** 80n }).map((n) => ({ literal: `"0${n}"`, meant: `0${n}` })),
      fc.nat().map((n) => ({ literal: `${n}.0`, meant: `${n}` })),
      fc
        .nat({ max: 1_000 })
        .map((n) => ({ literal: `${n}e3`, meant: `${n === 0 ? 0 : `${n}000`}` })),
      fc
        .constantFrom('null', '-1', '1.5', '9.007199254740993e15', '""', '{}', '"\ufffd"')
        .map((literal) => ({
          literal,
          meant: null,
        })),
    );
    let nextId = 1;
    await fc.assert(
      fc.asyncProperty(id, encoding, async ({ literal, meant }, encode) => {
        gateway.mappingOfAsked = `Start ${nextId++}`;
        gateway.asked = [];
        gateway.answerTo = (requestId) =>
          requestId === null
            ? encode(`{"status":"Success","requestId":${literal},"info":null}`)
            : encode(JSON.stringify(statusAnswers.success(gateway.mappingOfAsked, requestId)));
        const { data } = await ask(START, { m: gateway.mappingOfAsked });
        if (meant === null) {
          expect(data.startIngestion).toEqual({ code: 'UPSTREAM_INVALID_RESPONSE' });
        } else {
          expect(data.startIngestion.request.requestId).toBe(meant);
          await ask(STATUS, { m: gateway.mappingOfAsked, r: meant });
        }
        expect(gateway.asked).toEqual(gateway.asked.map(() => meant));
        expect(gateway.asked.length > 0).toBe(meant !== null);
      }),
      { numRuns: 40, seed: SEED },
    );
  });

  it('is reported with a warning if it is a success without a count', async () => {
    const answer = { ...statusAnswers.success('XDM44', 9), numRecords: 'many' };
    gateway.answerTo = () => ({ bytes: Buffer.from(JSON.stringify(answer)) });
    await ask(STATUS, { m: 'XDM44', r: 9 });
    expect(gateway.logLines).toContainEqual(
      expect.objectContaining({
        level: 40,
        requestId: '9',
        msg: 'The upstream reported a success without a readable count',
      }),
    );
  });
});
