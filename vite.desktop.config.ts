import { defineConfig } from 'vite';
import { readShaderSetHash } from './main/store/shader-set.ts';

/**
 * The Electron main process and the node core's utility process: ES modules for Node 24, packages left to node_modules.
 * All files lie side by side: `../..` from a module is the project's folder in dist/desktop as it is in main/desktop.
 */
export default defineConfig({
  publicDir: false,
  define: { HEARTH_SHADER_SET_HASH: JSON.stringify(await readShaderSetHash('shaders')) },
  build: {
    ssr: true,
    outDir: 'dist/desktop',
    emptyOutDir: true,
    target: 'node24',
    sourcemap: true,
    rolldownOptions: {
      input: { main: 'main/desktop/main.ts', 'core-process': 'main/desktop/core-process.ts' },
      external: ['electron'],
      output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js', format: 'es' },
    },
  },
});
