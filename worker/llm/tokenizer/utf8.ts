// Declared here because this room's library knows neither DOM nor Node; every host has both classes.
declare const TextEncoder: new () => { encode(text: string): Uint8Array<ArrayBuffer> };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array, options: { stream: boolean }): string };

const encoder = new TextEncoder();

/** Unpaired surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** Decodes bytes as they come: an unfinished sequence waits for its rest, an invalid one becomes U+FFFD. */
export interface Utf8Stream {
  push(bytes: Uint8Array): string;
  /** What is still waiting, as U+FFFD. */
  end(): string;
}

export function createUtf8Stream(): Utf8Stream {
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  return {
    push: (bytes) => decoder.decode(bytes, { stream: true }),
    end: () => decoder.decode(new Uint8Array(0), { stream: false }),
  };
}
