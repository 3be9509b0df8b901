import type { z } from 'zod';

/** How many texts are reported: the sender fixes those first. */
const MAX_TOLD = 10;

/** An issue may quote the input. In characters. */
const MAX_LENGTH = 200;

/**
 * Describe in one line what is wrong with an input, however much it is.
 *
 * @param whole - what to call the whole input, for an issue that concerns no part
 */
export function toIssueText(issues: readonly z.core.$ZodIssue[], whole = ''): string {
  const texts = issues.flatMap((issue) => {
    const path = issue.path.join('.') || whole;
    const messages =
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => `Unrecognized key: ${JSON.stringify(key)}`)
        : [issue.message];
    return messages.map((message) => [...(path === '' ? [] : [path]), message].join(': '));
  });
  const told = texts.slice(0, MAX_TOLD).map(toShort);
  const rest = texts.length - told.length;
  return [...told, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
}

function toShort(issue: string): string {
  return issue.length > MAX_LENGTH ? `${issue.slice(0, MAX_LENGTH)}…`.toWellFormed() : issue;
}
