/** Runs actions one at a time in the order they were asked for; a failed one does not hold up the next. */
export type Mutex = <Result>(action: () => Promise<Result>) => Promise<Result>;

export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (action) => {
    const next = last.then(action);
    last = next.catch(() => undefined);
    return next;
  };
}
