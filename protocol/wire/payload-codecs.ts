/** What is inside a chunk. The bytes are hashed as they are sent; a receipt's chunk records name those hashes. */
import { taskLimits } from '../tasks.ts';
import { type Codec, messageCodec } from './codec.ts';
import { bytesField, choiceField, packedUint32Field, textField, uint32Field } from './fields.ts';
import { wireLimits } from './limits.ts';
import { WireError } from './wire-error.ts';

/** `more` until the chunk that ends the answer; `length` when maxTokens is reached. */
export const finishWords = ['more', 'stop', 'length'] as const;

export interface ChatPayload {
  readonly tokens: readonly number[];
  /** Text completed by these tokens; bytes of an unfinished UTF-8 sequence wait for the next chunk. */
  readonly text: string;
  readonly finished: (typeof finishWords)[number];
}

export const chatPayloadCodec: Codec<ChatPayload> = messageCodec({
  tokens: packedUint32Field(1, wireLimits.chunkTokens),
  text: textField(2, wireLimits.chunkText),
  finished: choiceField(3, finishWords),
});

/** One pass over one tile: sums over `sampleCount` samples, 4 float32 per pixel (R, G, B, squared luminance), row-major. */
export interface RenderPayload {
  /** Place in the task's tiles. */
  readonly tileIndex: number;
  readonly firstSample: number;
  readonly sampleCount: number;
  readonly sums: Float32Array<ArrayBuffer>;
}

const rawRenderPayloadCodec = messageCodec({
  tileIndex: uint32Field(1, { maximum: taskLimits.tiles - 1 }),
  firstSample: uint32Field(2, { maximum: taskLimits.samplesPerPixel - 1 }),
  sampleCount: uint32Field(3, { minimum: 1, maximum: taskLimits.samplesPerPixel }),
  sums: bytesField(4, taskLimits.tileSidePixels ** 2 * 16),
});

export const renderPayloadCodec: Codec<RenderPayload> = {
  encode: (payload) => rawRenderPayloadCodec.encode({ ...payload, sums: floatsToBytes(payload.sums) }),
  decode(bytes) {
    const raw = rawRenderPayloadCodec.decode(bytes);
    if (raw.sums.length === 0 || raw.sums.length % 16 !== 0) {
      throw new WireError('OUT_OF_RANGE', `${raw.sums.length} bytes are not whole pixels of 16 bytes`, 'sums');
    }
    return { ...raw, sums: bytesToFloats(raw.sums) };
  },
};

/** Little-endian on every machine. */
export function floatsToBytes(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < values.length; index += 1) view.setFloat32(index * 4, values[index] ?? 0, true);
  return bytes;
}

export function bytesToFloats(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array(bytes.byteLength / 4);
  for (let index = 0; index < values.length; index += 1) values[index] = view.getFloat32(index * 4, true);
  return values;
}
