import { defineConfig } from 'vitest/config'

const isLong = process.env['HOURS_LONG'] === '1'

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**', 'data/**', ...(isLong ? [] : ['test/long/**'])],
    // Of tests that say they may run side by side: schedules of faults, each several processes.
    maxConcurrency: 2,
    setupFiles: ['./test/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/closing-line.ts'],
    pool: 'forks',
    maxWorkers: 2,
    server: { deps: { inline: [/^@hours\//] } },
  },
})
