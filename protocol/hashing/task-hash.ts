import type { Hex } from '../agreement.ts';
import type { Task } from '../tasks.ts';
import { taskCodec } from '../wire/task-codec.ts';
import { sha256Hex } from './sha256.ts';

/** sha256 of the canonical bytes. @throws WireError when the task breaks a limit. */
export function hashTask(task: Task): Hex {
  return sha256Hex(taskCodec.encode(task));
}
