import { goTo } from './route.js';

/** The key in local storage, shared by all tabs, which is set if the viewer turned notifications on. */
const KEY = 'sluice.notify';

/** Whether the browser has them: only over https or from this machine, and on some phones not at all. */
export const hasNotifications = 'Notification' in window;

/** Whether they are on, and the browser allows them. */
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

/** Show one, if they are on and nobody is looking at this page. Several tabs show it once. */
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
    // On phones, only service workers may show them.
  }
}
