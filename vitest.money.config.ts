/** The long tests of money: `npm run test:money`; with `--mode soak` the same tests at full length. */
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    include: ['tests/money/**/*.test.ts'],
    env: { HEARTH_SOAK: mode === 'soak' ? '1' : '' },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
}));
