import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { filesBelow, read, root } from '../tree.ts'

export const prometheusFolder = join(root, 'deploy/prometheus')

export type Rule = {
  record?: string
  alert?: string
  expr: string
  for?: string
  labels?: { severity?: string }
  annotations?: { summary?: string; runbook?: string }
}
export type Rules = { groups: { name: string; rules: Rule[] }[] }
export type PrometheusConfig = {
  global: { scrape_interval: string; evaluation_interval: string }
  rule_files: string[]
  scrape_configs: {
    job_name: string
    authorization?: { credentials_file: string }
    static_configs: { targets: string[]; labels: { service: string } }[]
  }[]
}

const yaml = <T>(name: string) => parse(readFileSync(join(prometheusFolder, name), 'utf8')) as T

export const rules = (): Rules => yaml<Rules>('rules.yml')
export const prometheusConfig = (): PrometheusConfig => yaml<PrometheusConfig>('prometheus.yml')
export const allRules = (): Rule[] => rules().groups.flatMap((group) => group.rules)

type Panel = { title: string; targets?: { expr: string }[] }

/** Returns every query of the dashboards, with the title of its panel. */
export function dashboardQueries(): { title: string; expr: string }[] {
  const files = filesBelow('deploy/grafana/dashboards', /\.json$/)
  const panels = files.flatMap((file) => (JSON.parse(read(file)) as { panels: Panel[] }).panels)
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })))
}

const keywords = ['and', 'or', 'unless', 'by', 'without', 'on', 'ignoring', 'group_left', 'bool']

/** Returns the names of metrics in a query: what is left without strings, matchers, ranges, labels and functions. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\[[^\]]*\]/g, ' ')
    .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, ' ')
  const words = [...bare.matchAll(/(?<![\w.])[a-zA-Z_:][\w:]*(?!\w|\s*\()/g)].map(([word]) => word)
  return [...new Set(words)].filter((word) => !keywords.includes(word))
}
