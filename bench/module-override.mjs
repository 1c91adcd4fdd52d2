// Lets a contender start the very files of the shop with an adapter of its own in the place of one of the chassis'.
import { registerHooks } from 'node:module'

const root = new URL('..', import.meta.url).href

/**
 * Anyone who imports a file named on the left gets the one on the right, which itself gets the original.
 *
 * @param {Record<string, string>} standIns paths from the root of the project
 */
export function overrideModules(standIns) {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context)
      if (!resolved.url.startsWith(root)) return resolved
      const instead = standIns[resolved.url.slice(root.length)]
      const isItself = instead !== undefined && context.parentURL === `${root}${instead}`
      return instead && !isItself ? { ...resolved, url: `${root}${instead}` } : resolved
    },
  })
}
