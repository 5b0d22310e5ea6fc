import { defineConfig } from 'vite';
import { wasmBytes } from './worker/host/wasm-bytes.mjs';

/** The GPU worker for Chromium: one module file, shaders inlined, loaded as `new Worker('gpu-worker.js', { type: 'module' })`. */
export default defineConfig({
  publicDir: false,
  plugins: [wasmBytes()],
  build: {
    outDir: 'dist/worker',
    emptyOutDir: true,
    target: 'chrome140',
    sourcemap: true,
    modulePreload: false,
    rolldownOptions: {
      input: 'worker/host/chromium.ts',
      output: { entryFileNames: 'gpu-worker.js', format: 'es', codeSplitting: false },
    },
  },
});
