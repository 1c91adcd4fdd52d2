import { expect } from 'vitest'

type Container = {
  read_only?: boolean | undefined
  cap_drop?: string[] | undefined
  security_opt?: string[] | undefined
  mem_limit?: string | undefined
  pids_limit?: number | undefined
}

/** Asserts that a container of a Compose file writes into no image, holds no capabilities and takes limited memory. */
export function expectConfined(name: string, container: Container): void {
  const { read_only, cap_drop, security_opt, mem_limit, pids_limit } = container
  expect({ read_only, cap_drop, security_opt }, name).toEqual({
    read_only: true,
    cap_drop: ['ALL'],
    security_opt: ['no-new-privileges:true'],
  })
  expect(mem_limit, name).toMatch(/^\d+[mg]$/)
  expect(pids_limit, name).toBeGreaterThan(0)
}
