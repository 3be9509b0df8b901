/** Over how long connections are closed on shutdown, so that their clients do not all come back together. */
const SPREAD_MS = 1_000;

/** Close each, with a delay of its own; resolves once all are closed. */
export async function closeSpread<Connection>(
  connections: readonly Connection[],
  close: (connection: Connection, delayMs: number) => Promise<void>,
): Promise<void> {
  await Promise.all(
    connections.map((connection, index) =>
      close(connection, (index / connections.length) * SPREAD_MS),
    ),
  );
}
