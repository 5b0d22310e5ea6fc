/** Where a command's words go: results on stdout, logs on stderr. With `--json` stdout holds JSON documents only. */
export interface Output {
  readonly json: boolean;
  /** A line for people on stdout; silent with `--json`. */
  text(line: string): void;
  /** Text for people without a line end, for streams; silent with `--json`. */
  stream(text: string): void;
  /** One JSON document on a line of its own; silent without `--json`. */
  data(value: unknown): void;
  /** A line on stderr, whatever the mode. */
  log(line: string): void;
}

export interface TextSink {
  write(text: string): unknown;
}

export function createOutput(json: boolean, stdout: TextSink, stderr: TextSink): Output {
  return {
    json,
    text: (line) => void (json || stdout.write(`${line}\n`)),
    stream: (text) => void (json || stdout.write(text)),
    data: (value) => void (json && stdout.write(`${JSON.stringify(value, replaceBigint)}\n`)),
    log: (line) => void stderr.write(`${line}\n`),
  };
}

/** Amounts leave as decimal strings, as everywhere in the API. */
function replaceBigint(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
