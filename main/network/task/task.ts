import { helloRule } from '../hello-rule.ts';
import { NetworkError } from '../network-error.ts';
import type { CallOptions, TaskStream } from '../types.ts';
import { taskProtocol } from './constants.ts';
import { FramedTaskStream } from './framed-task-stream.ts';
import type { TaskComponents } from './index.ts';

export class TaskService {
  readonly #components: TaskComponents;

  constructor(components: TaskComponents) {
    this.#components = components;
  }

  async start(): Promise<void> {
    const { host, hello, serve } = this.#components;
    await host.handle(taskProtocol, helloRule(hello), async (frames, peerId) => {
      const peer = hello.known(peerId.toString());
      if (peer !== null) await serve(new FramedTaskStream(frames, peer));
    });
  }

  async open(peerId: string, options: CallOptions = {}): Promise<TaskStream> {
    const { host, hello } = this.#components;
    const peer = hello.known(peerId);
    if (peer === null) throw new NetworkError('NO_HELLO', `${peerId} has not been greeted`, { data: { peerId } });
    const frames = await host.open(taskProtocol, peerId, options);
    return new FramedTaskStream(frames, peer, (error) => host.countAgainst(peerId, taskProtocol.id, error));
  }
}
