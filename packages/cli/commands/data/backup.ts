import { projectAt } from '@sidecart/platform/config/project.ts'
import { backup } from '@sidecart/platform/durability/backup.ts'
import { command } from '../../command.ts'

export default command({
  meta: {
    name: 'backup',
    description: 'Write all data and secrets of the stopped shop to one archive',
  },
  args: {
    file: { type: 'positional', required: true, description: 'The archive, such as shop.tar.gz' },
  },
  run: async ({ args }) => {
    const { file, bytes } = await backup(projectAt(), args.file)
    const size = (bytes / 1_000_000).toFixed(1)
    console.log(`wrote ${file} (${size} MB). Keep it safe: it holds every secret of the shop.`)
  },
})
