export interface HeldLog {
  log(line: string): void;
  /** Passes on what was kept, and from now on everything. */
  release(): void;
}

/** Keeps lines back until it is known whether they are news: what a driver prints about not being there is none. */
export function holdLog(log: (line: string) => void): HeldLog {
  let held: string[] | null = [];
  return {
    log: (line) => (held === null ? log(line) : void held.push(line)),
    release() {
      const lines = held ?? [];
      held = null;
      for (const line of lines) log(line);
    },
  };
}
