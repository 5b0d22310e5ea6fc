import { concat, getBytes } from 'ethers';
import type { ChunkRecord, Hex } from '../agreement.ts';
import { sha256Hex } from './sha256.ts';

/** sha256(previous || uint32be sequence || uint64be units || sha256(payload)). */
export function nextLink(previous: Hex, chunk: ChunkRecord): Hex {
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  view.setUint32(0, chunk.sequence);
  view.setBigUint64(4, chunk.units);
  return sha256Hex(getBytes(concat([previous, head, chunk.payloadSha256])));
}

/** Last link of a whole delivery; the agreement hash itself when there was no chunk. */
export function hashChunkChain(agreementHash: Hex, chunks: readonly ChunkRecord[]): Hex {
  return chunks.reduce(nextLink, agreementHash);
}
