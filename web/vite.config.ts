import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { precompressed } from './build/precompressed.ts'

/** The first versions that know `light-dark()`, which the colours are written with. */
const target = ['chrome123', 'firefox120', 'safari17.5']

/** `vite build web` writes the static files that the gateway serves; `vite web` is a development server on top of a running shop. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react(), precompressed()],
  build: { target, assetsInlineLimit: 0, reportCompressedSize: false },
  server: {
    host: '127.0.0.1',
    proxy: {
      '^/(users|sessions|products|categories|catalog|carts?|orders|payments|notifications|operations)(/|$|\\?)':
        'http://127.0.0.1:8080',
    },
  },
})
