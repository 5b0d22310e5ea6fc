/**
 * The long tests of money: `npm run test:money`; with `--mode soak` the same tests at full length. The short ones run
 * along, because together they must take every branch of the code that holds money.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    include: ['tests/money/**/*.test.ts', 'tests/payment/*.test.ts', 'tests/ledger/**/*.test.ts'],
    // Full-strength scrypt takes minutes while branches are counted.
    exclude: ['tests/payment/commands.test.ts'],
    env: { HEARTH_SOAK: mode === 'soak' ? '1' : '' },
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    reporters: ['default'],
    coverage: {
      enabled: true,
      reportOnFailure: true,
      provider: 'v8',
      reportsDirectory: 'node_modules/.cache/coverage',
      reporter: ['text'],
      include: ['main/ledger/*.ts', 'main/payment/*.ts'],
      // Vouchers, books and claims: every branch. What is not named here is below that still.
      thresholds: {
        'main/ledger/{backups,events,hash-chain,ledger,projection,queries,reconcile,records,schema}.ts': {
          branches: 100,
        },
        'main/payment/{claim-policy,claim-watch,claimer,provider-payments,requester-payments}.ts': { branches: 100 },
        'main/payment/{rpc-endpoints,typed-data,voucher-check,wallet,wallet-settings}.ts': { branches: 100 },
      },
    },
  },
  resolve: {
    alias: { electron: new URL('./tests/desktop/electron-is-not-here.ts', import.meta.url).pathname },
  },
}));
