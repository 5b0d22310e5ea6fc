import type { TaskSnapshot } from '../../protocol/node-api.ts';

const listed = 100;

/**
 * The ledger knows what a task owes, the runner knows how it goes: joins both, the runner's newer figures first. A task
 * that has ended keeps the rate it ran at until it scrolls out.
 */
export interface LiveTasks {
  note(task: TaskSnapshot): void;
  /** Newest first, at most 100. */
  list(): readonly TaskSnapshot[];
}

export function createLiveTasks(readLedger: (limit: number) => readonly TaskSnapshot[]): LiveTasks {
  const live = new Map<string, TaskSnapshot>();
  return {
    note(task) {
      const key = `${task.role} ${task.id}`;
      live.delete(key);
      live.set(key, task);
      for (const [oldest] of live) {
        if (live.size <= listed) break;
        live.delete(oldest);
      }
    },
    list: () =>
      readLedger(listed).map((recorded) => {
        const running = live.get(`${recorded.role} ${recorded.id}`);
        if (running === undefined) return recorded;
        // Once the ledger says how it ended, receipt and claim included, only the measured rate is news.
        if (recorded.finishedAtMs !== null) return { ...recorded, unitsPerSecond: running.unitsPerSecond };
        return { ...running, startedAtMs: recorded.startedAtMs };
      }),
  };
}
