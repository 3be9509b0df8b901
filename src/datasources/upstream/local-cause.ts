/** What this process or its machine has run out of, by the system's codes. */
const SHORTAGES: Readonly<Record<string, string>> = {
  EMFILE: 'this process has reached its limit of open files and connections (EMFILE)',
  ENFILE: 'this machine has reached its limit of open files and connections (ENFILE)',
  ENOBUFS: 'this machine has no memory left for connections (ENOBUFS)',
};

/** Why a call failed if this side is the cause; null for everything else. */
export function findLocalCause(cause: unknown): string | null {
  if (!(cause instanceof Error)) return null;
  const { code } = cause as NodeJS.ErrnoException;
  // If several addresses were tried, each has its own error.
  const parts: unknown[] = cause instanceof AggregateError ? cause.errors : [];
  for (const part of [...parts, cause.cause]) {
    const localCause = findLocalCause(part);
    if (localCause !== null) return localCause;
  }
  return SHORTAGES[code ?? ''] ?? null;
}
