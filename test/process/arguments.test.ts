import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, it } from '@jest/globals';

it.each([
  ['--help', 0],
  ['--port=4001', 1],
])('the program answers %s with how it is used, and does not start', (argument, code) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/bin/main.js', argument], {
    encoding: 'utf8',
  });
  expect(status).toBe(code);
  expect(code === 0 ? stdout : stderr).toMatch(
    /Usage: npm start\. Sluice takes no arguments\. Configure it with environment variables, or in a \.env file\. docs\/settings\.md lists them\.\n$/,
  );
});

it('the program says in one line that its folder is gone', () => {
  const script = 'd=$(mktemp -d) && cd "$d" && rmdir "$d" && exec "$0" "$1"';
  const program = resolve('dist/bin/main.js');
  const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, program], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  expect(status).toBe(1);
  expect(stderr).toBe(
    'The folder that Sluice was started in is gone: start it in one that exists.\n',
  );
});
