import { goTo } from './route.js';

/** Whether somebody asked for them, in any tab. */
const KEY = 'sluice.notify';

/** Pages get them over https and from this machine only, and on some phones not at all. */
export const hasNotifications = 'Notification' in window;

/** Whether the browser shows them because somebody asked for them. */
export function isNotifying(): boolean {
  return (
    hasNotifications && Notification.permission === 'granted' && localStorage.getItem(KEY) !== null
  );
}

/**
 * Turn them on, which the browser asks about the first time, or off.
 *
 * @returns whether they are on
 */
export async function setNotifying(isWanted: boolean): Promise<boolean> {
  if (isWanted) {
    await Notification.requestPermission();
    localStorage.setItem(KEY, 'on');
  } else localStorage.removeItem(KEY);
  return isNotifying();
}

/** Show one, if somebody asked for it and does not look at this page. Several tabs show it once. */
export function notify(id: string, text: string, href: string): void {
  if (!isNotifying() || document.visibilityState === 'visible') return;
  try {
    const notification = new Notification('Sluice', { body: text, tag: id });
    notification.addEventListener('click', () => {
      window.focus();
      goTo(href);
      notification.close();
    });
  } catch {
    // Only service workers may, on phones.
  }
}
