import { sha256Hex } from '../../../protocol/hashing/sha256.ts';
import type { ChunkRecord } from '../../../protocol/agreement.ts';
import type { TaskFrame } from '../../../protocol/wire/task-messages.ts';
import { DeliveryError } from './delivery.ts';

export interface ArrivedChunk {
  readonly record: ChunkRecord;
  readonly payload: Uint8Array<ArrayBuffer>;
}

type Part = Extract<TaskFrame, { type: 'chunk' | 'chunkPart' }>;

/** Puts a chunk's frames together. The size is checked against the agreement before a byte is set aside. */
export class ChunkAssembler {
  readonly #maxPayloadBytes: number;
  readonly #maxUnits: bigint;
  #next = 0;
  #open: { readonly units: bigint; readonly payload: Uint8Array<ArrayBuffer>; filled: number } | null = null;

  constructor(limits: { readonly payloadBytes: number; readonly units: bigint }) {
    this.#maxPayloadBytes = limits.payloadBytes;
    this.#maxUnits = limits.units;
  }

  /** The chunk, once its last frame is here. @throws DeliveryError */
  push(frame: Part): ArrivedChunk | null {
    if (frame.body.sequence !== this.#next) {
      throw new DeliveryError(`chunk ${frame.body.sequence} came in place of chunk ${this.#next}`);
    }
    if (frame.type === 'chunk') this.#begin(frame.body);
    const open = this.#open;
    if (open === null) throw new DeliveryError(`a part of chunk ${this.#next} came before its beginning`);
    const part = frame.body.payload;
    if (open.filled + part.length > open.payload.length) {
      throw new DeliveryError(`chunk ${this.#next} is longer than the ${open.payload.length} bytes it announced`);
    }
    open.payload.set(part, open.filled);
    open.filled += part.length;
    if (open.filled < open.payload.length) return null;
    const { units, payload } = open;
    const record = { sequence: this.#next, units, payloadSha256: sha256Hex(payload) };
    this.#next += 1;
    this.#open = null;
    return { record, payload };
  }

  #begin({ units, payloadSizeBytes }: Extract<Part, { type: 'chunk' }>['body']): void {
    if (this.#open !== null) throw new DeliveryError(`chunk ${this.#next} began twice`);
    if (payloadSizeBytes > this.#maxPayloadBytes) {
      throw new DeliveryError(
        `a payload of ${payloadSizeBytes} bytes exceeds the ${this.#maxPayloadBytes} of this task`,
      );
    }
    if (units === 0n || units > this.#maxUnits) {
      throw new DeliveryError(`a chunk of ${units} units is not between 1 and the agreed ${this.#maxUnits}`);
    }
    this.#open = { units, payload: new Uint8Array(payloadSizeBytes), filled: 0 };
  }
}
