import type { OpenOperations } from '@sidecart/platform/supervisor/up.ts'

/** This project has no operations console: no API for one is opened. */
export const openOperations: OpenOperations = async () => () => {}
