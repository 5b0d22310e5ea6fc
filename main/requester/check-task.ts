import type { Task } from '../../protocol/tasks.ts';
import { taskCodec } from '../../protocol/wire/task-codec.ts';
import { WireError } from '../../protocol/wire/wire-error.ts';
import { RequesterError } from './requester-error.ts';

/** @throws RequesterError BAD_REQUEST naming the field and its limit: nobody is asked about a task no node may take. */
export function checkTask(task: Task): void {
  try {
    taskCodec.encode(task);
  } catch (error) {
    if (error instanceof WireError) throw new RequesterError('BAD_REQUEST', error.message);
    if (error instanceof TypeError)
      throw new RequesterError('BAD_REQUEST', `the input's sha256 is not hex: ${error.message}`);
    throw error;
  }
}
