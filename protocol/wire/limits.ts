/**
 * Sizes of everything that crosses the wire, in bytes unless named otherwise. A frame is a varint length and that many
 * bytes; a longer one resets the stream before anything is read into memory.
 */
export const wireLimits = {
  /** Two signatures, one binding, a name: under 1 KiB. */
  helloFrame: 4 * 1024,
  /** A quote request names the task by hash and size; the prompt itself goes only to the provider that was chosen. */
  quoteFrame: 8 * 1024,
  /** The largest frame is a Start that carries a task; chunks are split into parts below. */
  taskFrame: 512 * 1024,
  receiptFrame: 16 * 1024,
  /** Canonical bytes of one task: 131,072 prefix tokens of 3 bytes and a 64 KiB prompt. */
  task: 480 * 1024,
  /** One part of a chunk's payload. Small enough that a Cancel or a Ping never waits long behind it. */
  chunkPart: 256 * 1024,
  /** Payload of one chunk: a 512 x 512 tile of four float32 sums, and its header. */
  chunkPayload: 512 * 512 * 16 + 64,
  /** Tokens in one chunk of a chat. */
  chunkTokens: 16,
  /** Text of one chunk; a token is at most a few hundred bytes in any vocabulary we read. */
  chunkText: 16 * 1024,
  sentence: 512,
  code: 48,
  name: 64,
  peerId: 128,
  adapterClass: 256,
  reason: 256,
  signature: 65,
} as const;
