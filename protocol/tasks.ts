/** A task is data for our fixed shader set, never code. Its canonical bytes (protocol/wire) are hashed into the agreement. */

/** 64 lower-case hex digits, no prefix: the identity of a model or scene file. */
export type Sha256 = string;

/** A function that the model may ask its caller to run. What it takes is data for the model's chat template; no node ever runs anything. */
export interface ToolDefinition {
  /** 1 to 64 letters, digits, '_', '.' or '-'. */
  readonly name: string;
  readonly description: string;
  /** JSON text of an object: a JSON schema of the arguments. */
  readonly parametersJson: string;
}

/** A call that the model asked for in an earlier answer. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text of an object. */
  readonly argumentsJson: string;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  /** Of an assistant's message. */
  readonly toolCalls?: readonly ToolCall[];
  /** Of a tool's message: the call whose result it is. */
  readonly toolCallId?: string;
}

export interface Conversation {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly ToolDefinition[];
  /**
   * Seconds since 1970, UTC: what a chat template that writes today's date is told, so that the prompt is the same whenever it is checked.
   * 0 where left out.
   */
  readonly clockSeconds?: number;
}

export interface ChatTask extends Conversation {
  readonly kind: 'chat';
  readonly modelSha256: Sha256;
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

export interface RenderTask extends PictureView {
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

/** What a picture shows beyond its size: the same for every part of it. */
export interface PictureView {
  /** A number counted from 0 or a name; the first camera where left out. */
  readonly camera?: string;
  /** One animation, by number or name, at one moment; the scene as it lies in the file where left out. */
  readonly animation?: { readonly name: string; readonly timeMicroseconds: number };
  /** Light in place of the scene's background: a .hdr or .exr by content hash. */
  readonly environmentSha256?: Sha256;
}

export type Task = ChatTask | RenderTask;
export type TaskKind = Task['kind'];

/** Size limits a task is checked against before anything is allocated, hashed or signed. */
export const taskLimits = {
  messages: 256,
  messageBytes: 64 * 1024,
  tools: 64,
  toolName: /^[\w.-]{1,64}$/,
  toolDescriptionBytes: 8 * 1024,
  toolParametersBytes: 32 * 1024,
  /** Calls of one message. */
  toolCalls: 32,
  toolCallIdBytes: 64,
  toolArgumentsBytes: 64 * 1024,
  /** A message with its calls. */
  wholeMessageBytes: 256 * 1024,
  prefixTokens: 131_072,
  maxTokens: 131_072,
  imageSidePixels: 16_384,
  samplesPerPixel: 65_536,
  maxBounces: 64,
  tiles: 4_096,
  tileSidePixels: 512,
  viewNameBytes: 128,
} as const;

/** What the prompt is made of: the same for who computes the answer and for who checks it. */
export function conversationOf({ messages, tools, clockSeconds = 0 }: Conversation): Conversation {
  return { messages, clockSeconds, ...(tools === undefined ? {} : { tools }) };
}

/** Billing units: one output token, or one pixel-sample. */
export function taskUnits(task: Task): bigint {
  if (task.kind === 'chat') return BigInt(task.maxTokens);
  const sampleCount = task.samplesPerPixel - task.firstSample;
  return task.tiles.reduce((sum, tile) => sum + tileUnits(tile, sampleCount), 0n);
}

export function tileUnits(tile: TileRectangle, sampleCount: number): bigint {
  return BigInt(tile.x1 - tile.x0) * BigInt(tile.y1 - tile.y0) * BigInt(sampleCount);
}

/** One token, or one sample of the largest tile: less cannot be delivered at once. */
export function smallestChunkUnits(task: Task): bigint {
  if (task.kind === 'chat') return 1n;
  return task.tiles.reduce((largest, tile) => {
    const units = tileUnits(tile, 1);
    return units > largest ? units : largest;
  }, 1n);
}

/** Price of `units` in total, rounded up once: always call it with the cumulative units of the task, so rounding never adds up. */
export function priceOfUnits(units: bigint, pricePerMillionUnits: bigint): bigint {
  return (units * pricePerMillionUnits + 999_999n) / 1_000_000n;
}

/** The most units whose price is not above `price`, which must not be negative. @throws RangeError where units cost nothing */
export function unitsForPrice(price: bigint, pricePerMillionUnits: bigint): bigint {
  return (price * 1_000_000n) / pricePerMillionUnits;
}
