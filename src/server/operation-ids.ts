import { MessageType, type SubscribeMessage } from 'graphql-ws';

/**
 * The ids of one socket's operations: the client's, and for each operation one of our own.
 *
 * A client may use an id again as soon as it has completed the operation that had it, while the server is
 * still ending that one. graphql-ws keeps operations by their id: the end of the first would then be taken
 * for the end of the second, which would be told to complete and could not be stopped any more. So
 * graphql-ws is given ids that are never used twice, and what it still says of an operation that its client
 * has completed is dropped.
 */
export class OperationIds {
  #lastOwnId = 0;
  readonly #ownIds = new Map<string, string>();
  readonly #clientIds = new Map<string, string>();

  /** @returns null where the client has an operation of that id already */
  begin(message: SubscribeMessage): SubscribeMessage | null {
    if (this.#ownIds.has(message.id)) return null;
    this.#lastOwnId += 1;
    const ownId = String(this.#lastOwnId);
    this.#ownIds.set(message.id, ownId);
    this.#clientIds.set(ownId, message.id);
    return { ...message, id: ownId };
  }

  /** @returns our id of the operation, or null where the client has none of that id */
  end(clientId: string): string | null {
    const ownId = this.#ownIds.get(clientId);
    if (ownId === undefined) return null;
    this.#ownIds.delete(clientId);
    this.#clientIds.delete(ownId);
    return ownId;
  }

  /** What goes to the client: the text with the client's id in it, or null where that operation has ended. */
  toClient(text: string): string | null {
    const head = ownIdAndType.exec(text);
    // About the connection, not about an operation.
    if (!head) return text;
    const [{ length }, ownId = '', type] = head;
    const clientId = this.#clientIds.get(ownId);
    if (clientId === undefined) return null;
    if (type !== MessageType.Next) this.end(clientId);
    return `{"id":${JSON.stringify(clientId)},"type":"${type}"${text.slice(length)}`;
  }
}

/** How graphql-ws begins each message about an operation. */
const ownIdAndType = /^\{"id":"(\d+)","type":"(\w+)"/;
