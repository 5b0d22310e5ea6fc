import type { Hello } from '../hello/index.ts';
import type { ProtocolHost } from '../protocol-host.ts';
import type { CallOptions, TaskStream } from '../types.ts';
import { TaskService } from './task.ts';

export interface TaskComponents {
  readonly host: ProtocolHost;
  readonly hello: Hello;
  /** Owns an inbound task until it returns. */
  readonly serve: (stream: TaskStream) => Promise<void>;
}

/** One long stream per task: `const stream = await tasks.open(peerId); await stream.send({ type: 'start', body })`. */
export interface Tasks {
  start(): Promise<void>;
  open(peerId: string, options?: CallOptions): Promise<TaskStream>;
}

export function createTasks(components: TaskComponents): Tasks {
  return new TaskService(components);
}
