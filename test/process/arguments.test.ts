import { spawnSync } from 'node:child_process';
import { expect, it } from '@jest/globals';

it.each([
  ['--help', 0],
  ['--port=4001', 1],
])('the program answers %s with how it is used, and does not start', (argument, code) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/main.js', argument], {
    encoding: 'utf8',
  });
  expect(status).toBe(code);
  expect(code === 0 ? stdout : stderr).toMatch(
    /Usage: npm start\. Sluice takes no arguments: environment variables, or a file \.env, set it up\. README\.md lists them\.\n$/,
  );
});
