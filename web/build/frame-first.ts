import type { Plugin } from 'vite'

/** Scripts yield to the styles of the frame in `index.html`, so that it is drawn while they are still on their way. */
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
