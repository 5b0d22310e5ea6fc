/**
 * What the demo shows: sentences and progress for a person, or JSON lines for a script. Progress overwrites one line on a
 * terminal and is left out of a log file, where every event line would be noise.
 */
export interface DemoScreen {
  /** A step that happened. */
  say(sentence: string, event: string, data?: Readonly<Record<string, unknown>>): void;
  /** Text of the answer, as it streams. */
  stream(text: string): void;
  progress(label: string, done: number, total: number, data: Readonly<Record<string, unknown>>): void;
  /** A block printed as it is (the closing table); scripts get `data` instead. */
  block(text: string, event: string, data: Readonly<Record<string, unknown>>): void;
}

export interface ScreenOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

const barWidth = 28;

export function createDemoScreen(options: { json: boolean; output: ScreenOutput }): DemoScreen {
  const { json, output } = options;
  if (json) return createJsonScreen(output);
  let openLine = false;
  const closeLine = () => {
    if (openLine) output.write('\n');
    openLine = false;
  };
  return {
    say(sentence) {
      closeLine();
      output.write(`${sentence}\n`);
    },
    stream(text) {
      output.write(openLine ? text : `  ${text}`);
      openLine = true;
    },
    progress(label, done, total) {
      if (output.isTTY !== true) return;
      const filled = total === 0 ? barWidth : Math.round((done / total) * barWidth);
      output.write(
        `\r  ${label} [${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}] ${Math.round((100 * done) / Math.max(1, total))} %`,
      );
      openLine = true;
      if (done >= total) closeLine();
    },
    block(text) {
      closeLine();
      output.write(`\n${text}\n`);
    },
  };
}

function createJsonScreen(output: ScreenOutput): DemoScreen {
  const emit = (event: string, data: Readonly<Record<string, unknown>>) => {
    output.write(
      `${JSON.stringify({ event, ...data }, (_key, value) => (typeof value === 'bigint' ? value.toString() : value))}\n`,
    );
  };
  return {
    say: (sentence, event, data = {}) => emit(event, { message: sentence, ...data }),
    stream: (text) => emit('text', { text }),
    progress: (label, done, total, data) => emit('progress', { label, done, total, ...data }),
    block: (_text, event, data) => emit(event, data),
  };
}
