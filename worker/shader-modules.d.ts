/** Shader text, brought in by Vite's `?raw` in builds and tests and by `worker/host/raw-modules.mjs` in plain Node. */
declare module '*.wgsl?raw' {
  const code: string;
  export default code;
}
