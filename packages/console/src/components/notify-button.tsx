import { useState } from 'react';
import { hasNotifications, isNotifying, setNotifying } from '../notifications.js';
import { showToast } from '../toast-store.js';

/** Turns on browser notifications about the ends of the ingestions that the viewer started. */
export function NotifyButton() {
  const [isOn, setIsOn] = useState(isNotifying);
  if (!hasNotifications) return null;
  const toggle = async () => {
    const next = await setNotifying(!isOn);
    setIsOn(next);
    if (!isOn && !next) {
      showToast({
        kind: 'bad',
        text: 'The browser does not allow it. Change that in its settings for this site.',
      });
    }
  };
  return (
    <button
      type="button"
      aria-pressed={isOn}
      title="The browser notifies you when an ingestion that you started ends, while you do not look at this page"
      onClick={() => void toggle()}
    >
      {isOn ? 'Notifies you' : 'Notify me'}
    </button>
  );
}
