/** What this process, or its machine, has run out of, in words; by the system's codes. */
const SHORTAGES: Readonly<Record<string, string>> = {
  EMFILE: 'this process has as many files and connections open as it may (EMFILE)',
  ENFILE: 'this machine has as many files and connections open as it can (ENFILE)',
  ENOBUFS: 'this machine has no memory left for connections (ENOBUFS)',
};

/** Why a call failed, where that is no fault of the other side: null for everything else. */
export function findOwnFault(cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  const { code } = cause as NodeJS.ErrnoException;
  // Of several addresses that were tried, each has its own error.
  const parts: unknown[] = cause instanceof AggregateError ? cause.errors : [];
  for (const part of [...parts, cause.cause]) {
    const fault = findOwnFault(part);
    if (fault !== null) return fault;
  }
  return SHORTAGES[code ?? ''] ?? null;
}
