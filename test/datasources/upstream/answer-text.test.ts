import { describe, expect, it } from '@jest/globals';
import { startAnswers } from '../../support/campaign-answers.js';
import { json } from '../../support/scripted-upstream.js';
import { releaseAfterEachTest, setUp } from './campaign-harness.js';

releaseAfterEachTest();

const mappingId = 'Kunden-Größe';
const answer = JSON.stringify(startAnswers.submitted(mappingId, 3520));
const bigEndian = (text: string) => Buffer.from(text, 'utf16le').swap16();

describe('the text of an answer', () => {
  it.each([
    ['with a byte order mark', 'application/json', Buffer.from(`\ufeff${answer}`)],
    ['as UTF-8 whatever its header says', 'text/html; charset=iso-8859-1', Buffer.from(answer)],
    [
      'in the charset of its header',
      'application/json;charset="ISO-8859-1"',
      Buffer.from(answer, 'latin1'),
    ],
    [
      'in windows-1252 without a declared charset',
      'application/json',
      Buffer.from(answer, 'latin1'),
    ],
    ['in UTF-16 by its mark', 'application/json', Buffer.from(`\ufeff${answer}`, 'utf16le')],
    ['in UTF-16 without one', 'application/json; charset=utf-16', Buffer.from(answer, 'utf16le')],
    ['in big-endian UTF-16', 'application/json', bigEndian(`\ufeff${answer}`)],
    [
      'in big-endian UTF-16 without a mark',
      'application/json; charset=utf-16be',
      bigEndian(answer),
    ],
  ])('is read %s', async (_, type, bytes) => {
    const { upstream, campaign } = await setUp();
    upstream.script((response) => response.writeHead(200, { 'content-type': type }).end(bytes));
    expect(await campaign.start(mappingId, 'somebody')).toMatchObject({
      kind: 'submitted',
      requestId: '3520',
    });
  });

  it('is read as far as possible when its charset is unknown', async () => {
    const { upstream, campaign } = await setUp();
    const bytes = Buffer.from(JSON.stringify({ ...JSON.parse(answer), info: 'für' }), 'latin1');
    upstream.script((response) =>
      response.writeHead(200, { 'content-type': 'application/json; charset=x-odd' }).end(bytes),
    );
    expect(await campaign.start(mappingId, 'somebody')).toMatchObject({
      requestId: '3520',
      info: 'f\ufffdr',
    });
  });

  it('is empty when the answer is', async () => {
    const { upstream, campaign } = await setUp();
    upstream.script((response) => response.writeHead(200).end());
    await expect(campaign.start(mappingId, 'somebody')).rejects.toThrow('it is not JSON');
    upstream.script(json(200, JSON.parse(answer)));
    expect(await campaign.start(mappingId, 'somebody')).toMatchObject({ kind: 'submitted' });
  });
});
