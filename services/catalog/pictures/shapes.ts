export type Shape = string
