/** The time over which connections are closed on shutdown, so that their clients don't all reconnect at once. */
const SPREAD_MS = 1_000;

/** Close each connection after its own delay; resolves once all are closed. */
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
