import { foldersIn } from '../folders.ts'
import { open } from './service.ts'

// sequential, because each service waits for its database and may create its tables
for (const name of foldersIn('services')) await import(`../../services/${name}/main.ts`)
open()
