/** Lower ports need a permission that few programs have. */
const FIRST_FREE_PORT = 1024;

/** Why a program can't listen on its address, and what to set, in one line. */
export function toListenErrorText(
  {
    host,
    port,
    cause,
  }: {
    readonly host: string;
    readonly port: number;
    readonly cause?: unknown;
  },
  settings: {
    readonly host: string;
    readonly port: string;
  },
): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} of ${host} is in use. Set ${settings.port} to another one, or to 0 for a free one.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EADDRNOTAVAIL':
      return `${settings.host}=${host} is not an address of this machine.`;
    default:
      if ((code === 'EACCES' || code === 'EPERM') && port > 0 && port < FIRST_FREE_PORT) {
        return `Port ${port} of ${host} may not be listened on. Set ${settings.port} to one above 1023.`;
      }
      return `Port ${port} of ${host} cannot be listened on (${message}). Check ${settings.host} and ${settings.port}.`;
  }
}
