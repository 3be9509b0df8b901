import type { z } from 'zod';

/** So many are told: whoever sent it mends those first. */
const MAX_TOLD = 10;

/** What is told of one may quote what came. In characters. */
const MAX_LENGTH = 200;

/**
 * Say what is wrong with what came, in one line, however much it is.
 *
 * @param whole - what to call all of it, where a fault is of no part
 */
export function toFaultText(issues: readonly z.core.$ZodIssue[], whole = ''): string {
  const faults = issues.flatMap((issue) => {
    const path = issue.path.join('.') || whole;
    const messages =
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `Unrecognized key: ${JSON.stringify(key)}`)
        : [issue.message];
    return messages.map((message) => [...(path === '' ? [] : [path]), message].join(': '));
  });
  const told = faults.slice(0, MAX_TOLD).map(toShort);
  const rest = faults.length - told.length;
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

function toShort(fault: string): string {
  return fault.length > MAX_LENGTH ? `${fault.slice(0, MAX_LENGTH)}…`.toWellFormed() : fault;
}
