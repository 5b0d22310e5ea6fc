/**
 * The long tests of money: `npm run test:money`; with `--mode soak` the same tests at full length. The short ones run
 * along, because together they must take every branch of the code that holds money.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    include: ['tests/{money,ledger}/**/*.test.ts', 'tests/{payment,protocol,node/x402}/*.test.ts'],
    // Full-strength scrypt takes minutes while branches are counted.
    exclude: ['tests/payment/commands.test.ts'],
    env: { HEARTH_SOAK: mode === 'soak' ? '1' : '' },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default'],
    coverage: {
      // The long form takes no branch that the short one does not, and counting costs it a third of its time.
      enabled: mode !== 'soak',
      reportOnFailure: true,
      provider: 'v8',
      reportsDirectory: 'node_modules/.cache/coverage',
      reporter: ['text'],
      include: [
        'main/{ledger,payment}/**/*.ts',
        'protocol/{agreement,money,receipt,tasks,verify-receipt,x402}.ts',
        'protocol/hashing/*.ts',
      ],
      // Vouchers, books, claims and what both sides sign: every branch, also of files that are added.
      thresholds: {
        'main/ledger/*.ts': { branches: 100 },
        'main/payment/**/*.ts': { branches: 100 },
        'protocol/**/*.ts': { branches: 100 },
      },
    },
  },
  resolve: {
    alias: { electron: new URL('./tests/desktop/electron-is-not-here.ts', import.meta.url).pathname },
  },
}));
