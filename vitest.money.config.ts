/** The long tests of money: `npm run test:money` and, longer still, `npm run test:soak`. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['tests/money/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
