import { defineConfig } from 'vite';

/** The GPU worker for Chromium: one module file, shaders inlined, loaded as `new Worker('gpu-worker.js', { type: 'module' })`. */
export default defineConfig({
  publicDir: false,
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
