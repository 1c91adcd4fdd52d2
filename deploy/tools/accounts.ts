import { projectAt } from '@sidecart/platform/config/project.ts'
import { readSecrets } from '@sidecart/platform/config/secrets.ts'

/** Prints the demo accounts, whose passwords were made up at the first start. */
const secrets = readSecrets(projectAt())
for (const name of ['demo', 'operator'])
  process.stdout.write(`${name}@sidecart.example  ${secrets[`${name}-password`]}\n`)
