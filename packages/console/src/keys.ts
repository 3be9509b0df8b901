/** Whether a key is meant for a field or for the browser. */
export function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  const isField = target instanceof HTMLElement && target.matches('input, select, textarea');
  return isField || ctrlKey || metaKey || altKey;
}
