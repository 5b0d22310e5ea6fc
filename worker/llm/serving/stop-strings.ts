/** Watches growing text for strings that end it. Text that may be the beginning of one is held back until it is clear. */
export class StopStrings {
  readonly #strings: readonly string[];
  #held = '';
  #stopped = false;

  /** Empty strings are no stops. */
  constructor(strings: readonly string[]) {
    this.#strings = strings.filter((text) => text !== '');
  }

  /** A stop was found. */
  get hasStopped(): boolean {
    return this.#stopped;
  }

  /** `text`: what may be shown now, up to the earliest stop. After `stopped` nothing more is to come. */
  push(piece: string): { text: string; stopped: boolean } {
    const whole = this.#held + piece;
    const found = this.#strings.map((stop) => whole.indexOf(stop)).filter((index) => index !== -1);
    if (found.length > 0) {
      this.#held = '';
      this.#stopped = true;
      return { text: whole.slice(0, Math.min(...found)), stopped: true };
    }
    const kept = this.#strings.reduce((most, stop) => Math.max(most, overlap(whole, stop)), 0);
    this.#held = whole.slice(whole.length - kept);
    return { text: whole.slice(0, whole.length - kept), stopped: false };
  }

  /** What was held back, when the text ended otherwise. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }
}

/** Length of the longest end of `text` that `stop` begins with; shorter than the stop. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length))) return length;
  }
  return 0;
}
