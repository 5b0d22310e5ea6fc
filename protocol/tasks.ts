/** A task is data for our fixed shader set, never code. Its canonical bytes (protocol/wire) are hashed into the agreement. */

/** 64 lower-case hex digits, no prefix: the identity of a model or scene file. */
export type Sha256 = string;

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

export interface ChatTask {
  readonly kind: 'chat';
  readonly modelSha256: Sha256;
  readonly messages: readonly ChatMessage[];
  /** Tokens of the answer that another provider already delivered; generation continues after them. */
  readonly prefixTokens: readonly number[];
  readonly maxTokens: number;
  /** 0 is greedy. An integer, so that the canonical bytes hold no float. */
  readonly temperatureMillionths: number;
  /** Unsigned 32-bit; keys the counter RNG together with the absolute position. */
  readonly seed: number;
}

/** Half-open pixel rectangle, origin top left. */
export interface TileRectangle {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

export interface RenderTask {
  readonly kind: 'render';
  readonly sceneSha256: Sha256;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly samplesPerPixel: number;
  readonly seed: number;
  readonly maxBounces: number;
  /** Samples below this one are already there, from another provider: 0 for a whole picture. */
  readonly firstSample: number;
  /** The tiles this provider renders, in order; other providers may hold the rest of the picture. */
  readonly tiles: readonly TileRectangle[];
}

export type Task = ChatTask | RenderTask;
export type TaskKind = Task['kind'];

/** Size limits a task is checked against before anything is allocated, hashed or signed. */
export const taskLimits = {
  messages: 256,
  messageBytes: 64 * 1024,
  prefixTokens: 131_072,
  maxTokens: 131_072,
  imageSidePixels: 16_384,
  samplesPerPixel: 65_536,
  maxBounces: 64,
  tiles: 4_096,
  tileSidePixels: 512,
} as const;

/** Billing units: one output token, or one pixel-sample. */
export function taskUnits(task: Task): bigint {
  if (task.kind === 'chat') return BigInt(task.maxTokens);
  const sampleCount = task.samplesPerPixel - task.firstSample;
  return task.tiles.reduce((sum, tile) => sum + tileUnits(tile, sampleCount), 0n);
}

export function tileUnits(tile: TileRectangle, sampleCount: number): bigint {
  return BigInt(tile.x1 - tile.x0) * BigInt(tile.y1 - tile.y0) * BigInt(sampleCount);
}

/** Price of `units` in total, rounded up once: always call it with the cumulative units of the task, so rounding never adds up. */
export function priceOfUnits(units: bigint, pricePerMillionUnits: bigint): bigint {
  return (units * pricePerMillionUnits + 999_999n) / 1_000_000n;
}
