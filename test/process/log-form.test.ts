import { expect, it } from '@jest/globals';
import { type LogForm, toLogForm } from '../../src/process/log-form.js';

const cases: [
  what: string,
  format: LogForm['format'] | undefined,
  environment: Record<string, string>,
  isTerminal: boolean,
  expected: LogForm,
][] = [
  ['a terminal', undefined, { TERM: 'xterm' }, true, { format: 'pretty', hasColors: true }],
  ['a pipe', undefined, { TERM: 'xterm' }, false, { format: 'json', hasColors: false }],
  ['a dumb terminal', undefined, { TERM: 'dumb' }, true, { format: 'pretty', hasColors: false }],
  ['NO_COLOR', undefined, { NO_COLOR: '1' }, true, { format: 'pretty', hasColors: false }],
  ['an empty NO_COLOR', undefined, { NO_COLOR: '' }, true, { format: 'pretty', hasColors: true }],
  ['FORCE_COLOR', 'pretty', { FORCE_COLOR: '1' }, false, { format: 'pretty', hasColors: true }],
  [
    'FORCE_COLOR before NO_COLOR',
    'pretty',
    { FORCE_COLOR: '', NO_COLOR: '1' },
    false,
    { format: 'pretty', hasColors: true },
  ],
  ['FORCE_COLOR=0', undefined, { FORCE_COLOR: '0' }, true, { format: 'pretty', hasColors: false }],
  ['LOG_FORMAT=json', 'json', {}, true, { format: 'json', hasColors: true }],
  ['LOG_FORMAT=pretty', 'pretty', {}, false, { format: 'pretty', hasColors: false }],
];

it.each(cases)('the form of the log: %s', (_what, format, environment, isTerminal, expected) => {
  expect(toLogForm(format, environment, isTerminal)).toEqual(expected);
});
