export { addNextAttempts as up } from '../../../chassis/messaging-tables.ts'
