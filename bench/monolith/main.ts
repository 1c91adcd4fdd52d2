import { foldersIn } from '../folders.ts'
import { open } from './service.ts'

// one after the other: each waits for its database and, when it is new, makes its tables
for (const name of foldersIn('services')) await import(`../../services/${name}/main.ts`)
open()
