import { defineConfig } from 'vite';
import { wasmBytes } from '../../worker/host/wasm-bytes.mjs';

/** The runner as one file for Node: engine, shaders and references inlined; Dawn's package stays beside it. */
export default defineConfig({
  publicDir: false,
  plugins: [wasmBytes()],
  logLevel: 'warn',
  ssr: { noExternal: true, external: ['webgpu'] },
  build: {
    ssr: 'bench/bundle/run.ts',
    outDir: 'dist/bench-bundle/build',
    emptyOutDir: true,
    target: 'node24',
    minify: false,
    rolldownOptions: { output: { entryFileNames: 'run.mjs', format: 'es', codeSplitting: false } },
  },
});
