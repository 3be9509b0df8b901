import { expect, it } from '@jest/globals';
import { systemClock } from '../../src/process/system-clock.js';

it('runs what is overdue at once, without a warning of Node.js', async () => {
  const warnings: Error[] = [];
  const hear = (warning: Error) => warnings.push(warning);
  process.on('warning', hear);
  const ran: string[] = [];
  systemClock.schedule(5, () => ran.push('later'));
  await new Promise<void>((resolve) => {
    systemClock.schedule(-60_000, () => {
      ran.push('overdue');
      resolve();
    });
  });
  expect(ran).toEqual(['overdue']);
  process.off('warning', hear);
  expect(warnings).toEqual([]);
});
