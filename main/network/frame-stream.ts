/** Varint length, then that many bytes, both ways over one libp2p stream. */
import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface';
import { WireError } from '../../protocol/wire/wire-error.ts';
import { NetworkError } from './network-error.ts';
import type { ReceiveOptions } from './types.ts';
import { errorText } from '../../protocol/errors.ts';

/** A longer length cannot be below any cap of ours. */
const maxLengthBytes = 4;

export class FrameStream {
  readonly #stream: Stream;
  readonly #maxFrameBytes: number;
  readonly #pieces: Uint8Array[] = [];
  #bufferedBytes = 0;
  #ended = false;
  #failure: Error | null = null;
  #wake: (() => void) | null = null;

  constructor(stream: Stream, maxFrameBytes: number) {
    this.#stream = stream;
    this.#maxFrameBytes = maxFrameBytes;
    stream.addEventListener('message', (event: StreamMessageEvent) => {
      const data = event.data instanceof Uint8Array ? event.data : event.data.subarray();
      this.#pieces.push(data);
      this.#bufferedBytes += data.byteLength;
      // One whole frame always fits; beyond it the peer has to wait until we have read.
      if (this.#bufferedBytes > maxFrameBytes + maxLengthBytes) this.#setFlow('pause');
      this.#wake?.();
      this.#endIfDrained();
    });
    // Not 'remoteCloseWrite': that comes while data is still held back by a pause.
    stream.addEventListener('end', () => this.#end(null));
    stream.addEventListener('close', (event: StreamCloseEvent) => {
      // Hands over what was held back.
      this.#setFlow('resume');
      this.#end(event.error ?? null);
    });
    this.#endIfDrained();
  }

  /** 'end' may have been emitted before we came, and protocol negotiation may have put back what it read too far. */
  #endIfDrained(): void {
    if (this.#stream.readableEnded && this.#stream.readBufferLength === 0) this.#end(null);
  }

  #end(error: Error | null): void {
    if (error !== null) this.#failure ??= error;
    this.#ended = true;
    this.#wake?.();
  }

  #setFlow(flow: 'pause' | 'resume'): void {
    // Both throw on a stream whose readable end is closed; flow does not matter there any more.
    if (this.#stream.readStatus === (flow === 'pause' ? 'readable' : 'paused')) this.#stream[flow]();
  }

  /**
   * The next frame, or null once the peer has closed its side. One reader at a time.
   *
   * @throws WireError FRAME_TOO_LARGE before a byte of such a frame is kept; NetworkError TIMEOUT or STREAM_LOST.
   */
  async read({ timeoutMs, signal }: ReceiveOptions): Promise<Uint8Array | null> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      signal?.throwIfAborted();
      const frame = this.#take();
      if (frame !== null) return frame;
      if (this.#failure !== null) {
        throw new NetworkError('STREAM_LOST', `the stream broke: ${this.#failure.message}`, { cause: this.#failure });
      }
      if (this.#ended) {
        if (this.#bufferedBytes === 0) return null;
        throw new WireError('TRUNCATED', `the stream ended ${this.#bufferedBytes} bytes into a frame`);
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new NetworkError('TIMEOUT', `nothing was received within ${timeoutMs} ms`);
      await this.#wait(leftMs, signal);
    }
  }

  #wait(timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      signal?.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }

  #take(): Uint8Array | null {
    const header = this.#header();
    if (header === null) return null;
    if (header.length > this.#maxFrameBytes) {
      throw new WireError('FRAME_TOO_LARGE', `a frame of ${header.length} bytes exceeds ${this.#maxFrameBytes}`);
    }
    if (this.#bufferedBytes < header.size + header.length) return null;
    this.#consume(header.size);
    const frame = this.#consume(header.length);
    if (this.#bufferedBytes <= this.#maxFrameBytes) this.#setFlow('resume');
    return frame;
  }

  #header(): { length: number; size: number } | null {
    let length = 0;
    let size = 0;
    for (const piece of this.#pieces) {
      for (const byte of piece) {
        if (size === maxLengthBytes) {
          throw new WireError('FRAME_TOO_LARGE', `a frame length of more than ${maxLengthBytes} bytes`);
        }
        length |= (byte & 0x7f) << (7 * size);
        size += 1;
        if (byte < 0x80) return { length, size };
      }
    }
    return null;
  }

  #consume(count: number): Uint8Array {
    const taken = new Uint8Array(count);
    let filled = 0;
    while (filled < count) {
      const piece = this.#pieces[0];
      if (piece === undefined) throw new RangeError(`${count} bytes are not buffered`);
      const part = piece.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#bufferedBytes -= count;
    return taken;
  }

  /** @throws WireError FRAME_TOO_LARGE, NetworkError TIMEOUT while the peer does not read, STREAM_LOST. */
  async write(frame: Uint8Array, { timeoutMs, signal }: ReceiveOptions): Promise<void> {
    if (frame.length > this.#maxFrameBytes) {
      throw new WireError('FRAME_TOO_LARGE', `a frame of ${frame.length} bytes exceeds ${this.#maxFrameBytes}`);
    }
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      if (!this.#stream.send(withLength(frame))) {
        await this.#stream.onDrain({ signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]) });
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (timeout.aborted) throw new NetworkError('TIMEOUT', `the peer read nothing for ${timeoutMs} ms`);
      const reason = errorText(error);
      throw new NetworkError('STREAM_LOST', `the stream does not take data: ${reason}`, { cause: error });
    }
  }

  /** Closes our side once everything is sent. Never throws: the stream may be gone already. */
  async close(timeoutMs: number): Promise<void> {
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      this.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  abort(reason: Error): void {
    this.#failure ??= reason;
    this.#stream.abort(reason);
    this.#wake?.();
  }
}

function withLength(frame: Uint8Array): Uint8Array {
  const header: number[] = [];
  let rest = frame.length;
  while (rest > 0x7f) {
    header.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  header.push(rest);
  const bytes = new Uint8Array(header.length + frame.length);
  bytes.set(header);
  bytes.set(frame, header.length);
  return bytes;
}
