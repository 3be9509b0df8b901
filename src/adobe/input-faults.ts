import type { z } from 'zod';

/** How many faults are reported: the sender fixes those first. */
const MAX_TOLD = 10;

/** A fault may quote the input. In characters. */
const MAX_LENGTH = 200;

/**
 * Describe in one line what is wrong with an input, however much it is.
 *
 * @param whole - what to call the whole input, for a fault that concerns no part
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
