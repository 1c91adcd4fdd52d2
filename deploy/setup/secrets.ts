import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureIdentities, schedulerId } from '@sidecart/platform/config/identity/identities.ts'
import { ensureProjectAuthority } from '@sidecart/platform/config/identity/trust-anchors.ts'
import { projectAt } from '@sidecart/platform/config/project.ts'
import { authorityWarning } from '@sidecart/platform/servers/authority.ts'
import { authority, distribute } from './distribute.ts'
import { shopElsewhere } from './shop.ts'

/**
 * Before anything else starts: makes up the secrets that are missing, as `npm start` does, and gives each container that
 * needs some a volume with these and no others. All of them stay in the volume of set-up. Safe to repeat: that renews
 * what ends: the proofs of the identities of sidecars after 30 days, sentry's certificate after a year.
 */
const project = projectAt()
const shop = await shopElsewhere(project, process.env.BROKER_HOST ?? '')
await ensureIdentities(project, [...shop.apps, schedulerId], { authority })
copyFileSync(join(project.root, 'components/sentry.yaml'), join(authority, 'sentry.yaml'))
const warning = authorityWarning(
  ensureProjectAuthority(project, { dir: authority, nothingRuns: false }),
)
if (warning) process.stderr.write(`! ${warning}\n`)
distribute(project, shop)
process.stdout.write('secrets are there\n')
