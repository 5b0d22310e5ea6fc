import { type TaskFrame, taskFrameCodec } from '../../../protocol/wire/task-messages.ts';
import { WireError } from '../../../protocol/wire/wire-error.ts';
import type { FrameStream } from '../frame-stream.ts';
import type { KnownPeer, ReceiveOptions, TaskStream } from '../types.ts';
import { maxUnknownFrames, taskProtocol } from './constants.ts';

/** Task frames over a frame stream. Pings are answered here, so that nobody above has to. */
export class FramedTaskStream implements TaskStream {
  readonly peer: KnownPeer;
  readonly #frames: FrameStream;
  readonly #onError: (error: unknown) => void;

  /** `onError` hears of frames that break the protocol; inbound streams leave that to whoever owns the handler. */
  constructor(frames: FrameStream, peer: KnownPeer, onError: (error: unknown) => void = () => {}) {
    this.#frames = frames;
    this.peer = peer;
    this.#onError = onError;
  }

  send(frame: TaskFrame): Promise<void> {
    return this.#frames.write(taskFrameCodec.encode(frame), { timeoutMs: taskProtocol.timeoutMs });
  }

  async receive(options: ReceiveOptions): Promise<TaskFrame | null> {
    for (let unknown = 0; unknown < maxUnknownFrames; unknown += 1) {
      const frame = await this.#next(options);
      if (frame === 'end') return null;
      if (frame?.type === 'ping') await this.send({ type: 'pong', body: frame.body });
      else if (frame !== null && frame.type !== 'pong') return frame;
    }
    throw new WireError('TOO_MANY', `${maxUnknownFrames} frames in a row that carry nothing`);
  }

  async #next(options: ReceiveOptions): Promise<TaskFrame | 'end' | null> {
    try {
      const bytes = await this.#frames.read(options);
      return bytes === null ? 'end' : taskFrameCodec.decode(bytes);
    } catch (error) {
      if (error instanceof WireError) {
        this.#frames.abort(error);
        this.#onError(error);
      }
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#frames.close(taskProtocol.timeoutMs);
  }

  abort(reason: Error): void {
    this.#frames.abort(reason);
  }
}
