/** The API behind the operations console of this project. */
export { openOperationsApi as openOperations } from '@sidecart/operations/operations-api.ts'
