import { projectAt } from '@sidecart/platform/config/project.ts'
import { restore } from '@sidecart/platform/durability/backup.ts'
import { command } from '../../command.ts'

export default command({
  meta: { name: 'restore', description: 'Bring data and secrets back from a `backup` archive' },
  args: { file: { type: 'positional', required: true, description: 'The archive' } },
  run: async ({ args }) => {
    const { made } = await restore(projectAt(), args.file)
    console.log(`restored the shop of ${made}. Now: npm start, then ./sidecart verify`)
  },
})
