import type { ReactNode } from 'react';

/** A message that is shown for a while. */
export interface Toast {
  readonly key: number;
  readonly kind: 'good' | 'bad' | 'plain';
  readonly text: string;
  readonly link?: { readonly href: string; readonly label: ReactNode };
}

/** How long it is shown, in ms. */
const SHOWN_MS = 12_000;

let toasts: readonly Toast[] = [];
let count = 0;
const listeners = new Set<() => void>();

/** Show a message. */
export function showToast(toast: Omit<Toast, 'key'>): void {
  count += 1;
  const key = count;
  set([...toasts, { ...toast, key }]);
  setTimeout(() => dismissToast(key), SHOWN_MS);
}

/** Remove a message. */
export function dismissToast(key: number): void {
  set(toasts.filter((toast) => toast.key !== key));
}

/** All shown messages, the last one last. */
export function readToasts(): readonly Toast[] {
  return toasts;
}

/** @returns stops listening */
export function listenToToasts(listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of [...listeners]) listener();
}
