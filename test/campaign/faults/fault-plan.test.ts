import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { FaultPlanInvalidError, loadFaultPlan } from '../../../src/campaign/faults/fault-plan.js';

const dir = mkdtempSync(join(tmpdir(), 'faults-'));
const file = join(dir, 'faults.yaml');

afterAll(() => rmSync(dir, { recursive: true }));

function load(text: string) {
  writeFileSync(file, text);
  return loadFaultPlan(file);
}

describe('a fault plan', () => {
  it('is read from YAML', () => {
    const plan = load(`
seed: 7
faults:
  - { on: start, mapping: M, when: { nth: 3 }, do: delay, delayMs: 50 }
  - { on: token, when: { probability: 0.1 }, do: answer, as: 503, retryAfterS: 2 }
`);
    expect(plan).toEqual({
      seed: 7,
      rules: [
        { on: 'start', mapping: 'M', when: { nth: 3 }, fault: { do: 'delay', delayMs: 50 } },
        {
          on: 'token',
          when: { probability: 0.1 },
          fault: { do: 'answer', as: '503', retryAfterS: 2 },
        },
      ],
    });
  });

  it('is read from JSON', () => {
    const rule = { on: 'status', when: { every: 2 }, do: 'reset' };
    expect(load(JSON.stringify({ faults: [rule] }))).toEqual({
      seed: 1,
      rules: [{ on: 'status', when: { every: 2 }, fault: { do: 'reset' } }],
    });
  });

  it.each([
    ['faults: [', ':1: Flow sequence in block collection must be sufficiently indented'],
    ['seed: 1', ':1: faults: Invalid input: expected array, received undefined'],
    ['faults:\n  - { on: stop, when: { nth: 1 }, do: drop }', ':2: faults.0.on: Invalid option'],
    ['faults:\n  - { on: start, when: { nth: 1 }, do: explode }', ':2: faults.0.do: '],
    [
      'faults:\n  - on: start\n    when: { nth: 0 }\n    do: drop',
      ':3: faults.0.when.nth: Too small: expected number to be >0',
    ],
    [
      'faults:\n  - on: start\n    when: always\n    do: drop',
      ':3: faults.0.when: expected one of nth, every and first with a positive whole number, or probability with 0 to 1',
    ],
    [
      'faults:\n  - on: start\n    when: { nth: 1 }\n    do: drop\n    ms: 1',
      ':5: faults.0.ms: unknown key',
    ],
    [
      'faults:\n  - on: token\n    mapping: M\n    when: { nth: 1 }\n    do: drop',
      ':3: faults.0.mapping: a token has no mapping',
    ],
    ['faults:\n  - on: start\n    when: { nth: 1 }\n    do: delay', ':2: faults.0.delayMs: '],
  ])('is refused with file, line and reason: %j', (text, reason) => {
    expect(() => load(text)).toThrow(FaultPlanInvalidError);
    expect(() => load(text)).toThrow(`The fault plan is wrong:\n  ${file}${reason}`);
  });

  it('is refused if there is no such file', () => {
    expect(() => loadFaultPlan(join(dir, 'none.yaml'))).toThrow(
      /none\.yaml: cannot be read: ENOENT/,
    );
  });
});
