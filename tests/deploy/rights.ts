import { expect } from 'vitest'
import type { ContainerShop } from './shop.ts'

/** Every container is read-only, without capabilities and root, limited, and mounts no file of the machine. */
export async function expectNoRights(shop: ContainerShop): Promise<void> {
  const format =
    '{{index .Config.Labels "com.docker.compose.service"}} {{json .HostConfig}} {{json .Config.User}}'
  for (const line of await shop.inspect(format)) {
    const [, name, json = '', user = ''] = /^(\S+) (.*) (".*")$/.exec(line) ?? []
    const host = JSON.parse(json)
    expect(host, name).toMatchObject({
      ReadonlyRootfs: true,
      Privileged: false,
      CapDrop: ['ALL'],
    })
    expect(host.CapAdd, name).toBeNull()
    expect(host.SecurityOpt, name).toEqual(['no-new-privileges:true'])
    expect(host.Memory, name).toBeGreaterThan(0)
    expect(host.PidsLimit, name).toBeGreaterThan(0)
    expect(host.Binds?.filter((bind: string) => bind.startsWith('/')) ?? [], name).toEqual([])
    expect(['', 'root', '0'], name).not.toContain(JSON.parse(user).split(':')[0])
  }
}
