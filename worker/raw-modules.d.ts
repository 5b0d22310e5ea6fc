/** Shader text, brought in by Vite's `?raw` in builds and tests and by `worker/host/raw-modules.mjs` in plain Node. */
declare module '*.wgsl?raw' {
  const code: string;
  export default code;
}

/** A package's WebAssembly, brought in by `worker/host/wasm-bytes.mjs`. */
declare module '*.wasm?bytes' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
