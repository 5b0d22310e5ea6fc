/** What one request over HTTP may be, and what all of them together may take. */
export const x402Limits = {
  /** A prompt of 64 KiB in any escaping, and what is around it. */
  bodyBytes: 512 * 1024,
  /** All headers; a payment has at most 16 KiB. */
  headerBytes: 32 * 1024,
  headersWithinMs: 10_000,
  /** The whole request must have arrived. */
  requestWithinMs: 20_000,
  keepAliveMs: 5_000,
  /** An answer that takes longer ends there, and is charged as far as it goes. */
  computeWithinMs: 300_000,
  connections: 128,
  /** Requests being worked on, paid or not. */
  requestsAtOnce: 32,
  /** One request is the most a payer can lose to a dishonest node, so it is small. */
  answerTokens: 1_024,
  usualAnswerTokens: 256,
} as const;

/** Requests, whether paid or not. Behind a proxy all payers have one address. */
export const requestQuota = {
  perPeer: { count: 240, windowMs: 60_000 },
  total: { count: 1_200, windowMs: 60_000 },
} as const;

/** Deposits and refunds, whose gas is the node's: by payer, and for all of them. */
export const transactionQuota = {
  perPeer: { count: 6, windowMs: 3_600_000 },
  total: { count: 60, windowMs: 3_600_000 },
} as const;

/** In the token's smallest unit: ten cents, so that the gas of a deposit and a claim is a few percent of it. */
export const minimumDeposit = 100_000n;
export const minimumRefund = 50_000n;
