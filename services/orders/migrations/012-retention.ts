export { addPruned as up } from '@sidecart/chassis/persistence/messaging-tables.ts'
