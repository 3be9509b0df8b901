import { showToast } from '../toast-store.js';

/** Puts a text on the clipboard. */
export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => showToast({ kind: 'plain', text: 'Copied.' }),
      () => showToast({ kind: 'bad', text: 'The browser did not allow that.' }),
    );
  return (
    <button type="button" onClick={() => void copy()}>
      {label}
    </button>
  );
}
