import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { frameFirst } from './build/frame-first.ts'
import { precompressed } from './build/precompressed.ts'

/** The first versions with `light-dark()`, used by the colours. */
const target = ['chrome123', 'firefox120', 'safari17.5']

/**
 * The code for every page is bundled into two files instead of a dozen small ones loading in
 * sequence: libraries, unchanged between releases, and the shop's code.
 */
const firstPage = [
  { name: 'libraries', test: /node_modules/, tags: ['$initial' as const], priority: 2 },
  { name: 'shop', tags: ['$initial' as const], priority: 1 },
]

/**
 * `vite build web` writes the static files served by the gateway; `vite web` is a development
 * server on top of a running shop.
 */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), frameFirst(), precompressed()],
  build: {
    target,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: { output: { codeSplitting: { groups: firstPage } } },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '^/(users|sessions|products|categories|catalog|carts?|orders|payments|notifications|operations)(/|$|\\?)':
        'http://127.0.0.1:8080',
    },
  },
})
