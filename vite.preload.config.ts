import { defineConfig } from 'vite';

/** One preload or page script in one file; `--mode` names it. A sandboxed preload cannot be an ES module nor import files. */
const scripts = {
  'preload-dashboard': { outDir: 'dist/desktop', fileName: 'preload-dashboard.cjs', format: 'cjs' },
  'preload-worker': { outDir: 'dist/desktop', fileName: 'preload-worker.cjs', format: 'cjs' },
  'worker-page': { outDir: 'dist/worker-page', fileName: 'page.js', format: 'es' },
} as const;

export default defineConfig(({ mode }) => {
  const script = scripts[mode as keyof typeof scripts];
  if (script === undefined) {
    throw new Error(`--mode must be one of ${Object.keys(scripts).join(', ')}, got "${mode}"`);
  }
  return {
    publicDir: false,
    build: {
      outDir: script.outDir,
      emptyOutDir: false,
      target: 'chrome140',
      sourcemap: true,
      modulePreload: false,
      rolldownOptions: {
        input: `main/desktop/${mode}.ts`,
        external: ['electron'],
        output: { entryFileNames: script.fileName, format: script.format, codeSplitting: false },
      },
    },
  };
});
