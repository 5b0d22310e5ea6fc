/** Limits of the local API. It serves one owner on one machine: anything beyond these is a mistake or an attack. */
export const apiLimits = {
  /** The largest request is a pause with its minutes. */
  requestBodyBytes: 64 * 1024,
  headerBytes: 16 * 1024,
  connections: 64,
  webSockets: 16,
  /** Requests one WebSocket may have unanswered. */
  openRequestsPerSocket: 32,
  /** A snapshot that a slow reader has not taken yet is replaced by the next one, never queued. */
  bufferedBytesPerSocket: 1024 * 1024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  heartbeatMs: 20_000,
} as const;

/** How long the node may take for an answer; claiming waits for blocks, stopping for the task in hand. */
export const requestDeadlinesMs = {
  getSnapshot: 10_000,
  pause: 10_000,
  resume: 10_000,
  finish: 10_000,
  claim: 180_000,
  // Several, one after the other, each mined.
  refund: 600_000,
  stop: 60_000,
  listEarnings: 10_000,
  listChannels: 10_000,
} as const;
