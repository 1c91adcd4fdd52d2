type Panel = { targets?: { expr?: string }[] }

/** Returns a Grafana dashboard without the panels that show nothing but the metrics of a service. */
export function withoutPanels(text: string, service: string): string {
  const dashboard = JSON.parse(text) as { panels: Panel[] }
  const isItsOwn = ({ targets = [] }: Panel) =>
    targets.length > 0 && targets.every(({ expr = '' }) => new RegExp(`\\b${service}_`).test(expr))
  const panels = dashboard.panels.filter((panel) => !isItsOwn(panel))
  return `${JSON.stringify({ ...dashboard, panels }, null, 2)}\n`
}
