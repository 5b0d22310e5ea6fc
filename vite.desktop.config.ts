import { defineConfig } from 'vite';

/** The Electron main process and the node core's utility process: ES modules for Node 24, packages left to node_modules. */
export default defineConfig({
  publicDir: false,
  build: {
    ssr: true,
    outDir: 'dist/desktop',
    emptyOutDir: true,
    target: 'node24',
    sourcemap: true,
    rolldownOptions: {
      input: { main: 'main/desktop/main.ts', 'core-process': 'main/desktop/core-process.ts' },
      external: ['electron'],
      output: { entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js', format: 'es' },
    },
  },
});
