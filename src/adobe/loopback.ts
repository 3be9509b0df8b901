const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

/** Whether what listens at this host can be reached from its own machine only. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}
