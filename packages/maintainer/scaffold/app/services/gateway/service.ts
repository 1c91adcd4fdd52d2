import { defineService } from '@sidecart/chassis/contract/manifest.ts'

export const service = defineService({
  name: 'gateway',
  owns: 'the only public entry point: routing, authentication, limits, API docs',
  position: 0,
})
