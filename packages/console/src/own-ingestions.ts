/** Where the ids are kept until the tab is closed. */
const KEY = 'sluice.own';

/** Older ones have ended. */
const MOST = 100;

/** Remember that an ingestion was started in this tab. */
export function rememberOwn(id: string): void {
  sessionStorage.setItem(KEY, JSON.stringify([...readOwn(), id].slice(-MOST)));
}

/** Whether it was. */
export function isOwn(id: string): boolean {
  return readOwn().includes(id);
}

function readOwn(): readonly string[] {
  return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as string[];
}
