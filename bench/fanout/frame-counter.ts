const OPCODE_TEXT = 1;
const OPCODE_PING = 9;

/** Counts the frames of one WebSocket, and ignores everything else. */
export class FrameCounter {
  /** The bytes of the current header, which may arrive in parts. */
  readonly #header: number[] = [];
  #payloadLeft = 0;

  /**
   * @param onText - called for each text frame that begins
   * @param onPing - called for each ping that begins
   */
  constructor(
    private readonly onText: () => void,
    private readonly onPing: () => void,
  ) {}

  take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#payloadLeft > 0) {
        const skipped = Math.min(this.#payloadLeft, bytes.length - at);
        this.#payloadLeft -= skipped;
        at += skipped;
      } else {
        this.#header.push(bytes[at] ?? 0);
        at += 1;
        this.#look();
      }
    }
  }

  #look(): void {
    const [first = 0, second = 0, ...extended] = this.#header;
    const extendedBytes = second === 126 ? 2 : second === 127 ? 8 : 0;
    if (this.#header.length < 2 + extendedBytes) return;
    this.#header.length = 0;
    this.#payloadLeft =
      extendedBytes === 0 ? second : extended.reduce((length, byte) => length * 256 + byte, 0);
    const opcode = first & 0x0f;
    if (opcode === OPCODE_TEXT) this.onText();
    else if (opcode === OPCODE_PING) this.onPing();
  }
}
