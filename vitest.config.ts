import { configDefaults, defineConfig } from 'vitest/config';
import { wasmBytes } from './worker/host/wasm-bytes.mjs';

export default defineConfig({
  plugins: [wasmBytes()],
  test: {
    // One worker process each for CPU tests; GPU, UI and e2e files run one at a time on the machine's two cores.
    include: ['tests/**/*.test.ts'],
    // Minutes long: `npm run test:money`.
    exclude: [...configDefaults.exclude, 'tests/money/**'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
  resolve: {
    alias: { electron: new URL('./tests/desktop/electron-is-not-here.ts', import.meta.url).pathname },
  },
});
