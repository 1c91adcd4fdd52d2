import { templates } from './routes.ts'

type Node = { template?: string; children: Map<string, Node> }
const parameter = '{}'
const root: Node = { children: new Map() }

/** Adds a template such as `/orders/{orderId}` to the tree of segments. */
function add(template: string): void {
  let node = root
  for (const segment of template.split('/').slice(1)) {
    const key = segment.startsWith('{') ? parameter : segment
    const child: Node = node.children.get(key) ?? { children: new Map() }
    node.children.set(key, child)
    node = child
  }
  node.template ??= template.replaceAll(/\{(\w+)\}/g, ':$1')
}

for (const template of templates) add(template)

/**
 * Returns the template of the contract's route that a public path belongs to, written as in other metrics
 * (`/orders/:orderId`), or undefined. Names spans and metrics: those of the paths would be without number. The
 * templates are generated: loading all contracts would cost the gateway 14 MB.
 */
export function templateOf(path: string): string | undefined {
  let node: Node | undefined = root
  for (const segment of path.split('/').slice(1))
    node = node?.children.get(segment) ?? (segment ? node?.children.get(parameter) : undefined)
  return node?.template
}
