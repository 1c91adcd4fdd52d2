import { projectAt } from '../../cli/project.ts'
import { readSecrets } from '../../cli/secrets.ts'

/** Prints the demo accounts, whose passwords were made up at the first start. */
const secrets = readSecrets(projectAt())
for (const name of ['demo', 'operator'])
  process.stdout.write(`${name}@sidecart.example  ${secrets[`${name}-password`]}\n`)
