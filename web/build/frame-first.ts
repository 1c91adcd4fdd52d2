import type { Plugin } from 'vite'

/**
 * Lowers the priority of scripts below the styles of the frame in `index.html`, so that the frame
 * is painted while scripts are still loading.
 */
export const frameFirst = (): Plugin => ({
  name: 'frame-first',
  apply: 'build',
  transformIndexHtml: {
    order: 'post',
    handler: (html) =>
      html.replaceAll(
        /<(script type="module"|link rel="modulepreload")/g,
        '<$1 fetchpriority="low"',
      ),
  },
})
