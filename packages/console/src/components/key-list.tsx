import { useEffect, useRef } from 'react';
import { isTyping } from '../keys.js';

const KEYS: readonly (readonly [string, string])[] = [
  ['j', 'The next ingestion'],
  ['k', 'The one before'],
  ['Enter', 'Open it'],
  ['/', 'Filter by mapping'],
  ['?', 'These keys'],
];

/** The keys, shown with `?`. */
export function KeyList() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const open = (event: KeyboardEvent) => {
      if (event.key === '?' && !isTyping(event)) dialog.current?.showModal();
    };
    window.addEventListener('keydown', open);
    return () => window.removeEventListener('keydown', open);
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl className="keys">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
