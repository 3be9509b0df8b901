import { describe, expect, it } from '@jest/globals';
import { parseMappingId, parseRequestRef } from '../../src/ingestion/request-ref.js';

describe('parseMappingId', () => {
  it.each(['42', 'XDM44', 'TestDoc', 'test234', 'a/b', 'ä ö?#%', '..x', 'x'.repeat(255)])(
    'accepts %s unchanged',
    (mappingId) => {
      expect(parseMappingId(mappingId)).toBe(mappingId);
    },
  );

  it.each([
    ['an empty id', '', 'mappingId must not be empty.'],
    ['a blank id', ' \t', 'mappingId must not be empty.'],
    [
      'a very long id',
      'x'.repeat(1000),
      'mappingId must be at most 255 characters long; this one has 1000.',
    ],
    ['a parent path', '../secret', 'mappingId must not contain the path segments "." or "..".'],
    [
      'a path with dots inside',
      'a/../b',
      'mappingId must not contain the path segments "." or "..".',
    ],
    ['a backslash path', '..\\secret', 'mappingId must not contain the path segments "." or "..".'],
    ['a lone dot', '.', 'mappingId must not contain the path segments "." or "..".'],
    ['a line feed', 'a\nb', 'mappingId must not contain control characters or broken Unicode.'],
    [
      'a lone surrogate',
      'a\ud800',
      'mappingId must not contain control characters or broken Unicode.',
    ],
  ])('refuses %s', (_what, mappingId, message) => {
    expect(() => parseMappingId(mappingId)).toThrow(
      expect.objectContaining({ message, code: 'BAD_USER_INPUT' }),
    );
  });
});

describe('parseRequestRef', () => {
  it('keeps every digit of a request id', () => {
    const ref = { mappingId: 'XDM44', requestId: '00900719925474099312345' };
    expect(parseRequestRef(ref)).toEqual(ref);
  });

  it('refuses an empty request id', () => {
    expect(() => parseRequestRef({ mappingId: 'XDM44', requestId: '' })).toThrow(
      'requestId must not be empty.',
    );
  });
});
