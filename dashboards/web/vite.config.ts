import preact from '@preact/preset-vite'
import { defineConfig } from 'vite'

/** The server sends `default-src 'self'`: nothing inline, no data: addresses, every file its own request. */
export default defineConfig({
  plugins: [preact({ devToolsEnabled: false, prefreshEnabled: false })],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': process.env['HOURS_API'] ?? 'http://127.0.0.1:8080' } },
})
