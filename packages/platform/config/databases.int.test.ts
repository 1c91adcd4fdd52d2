import pg from 'pg'
import { expect, inject, test } from 'vitest'
import '@sidecart/testing/database.ts'
import { ensureDatabases } from './databases.ts'
import { completed, databases, type Secrets } from './secrets.ts'

async function query(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function prepared(): Promise<Secrets> {
  const secrets = await completed({}, inject('postgresUrl'))
  await ensureDatabases(inject('postgresUrl'), secrets)
  return secrets
}

function as(secrets: Secrets, role: string, database: string): string {
  const url = new URL(secrets[`${role}-database`] ?? '')
  url.pathname = `/${database}`
  return url.href
}

test('each service owns one database and may create tables there', async () => {
  const secrets = await prepared()
  for (const name of databases)
    await query(as(secrets, name, name), 'CREATE TABLE mine (); DROP TABLE mine')
})

test('no other service may enter it, nor the server itself', async () => {
  const secrets = await prepared()
  for (const other of databases.filter((name) => name !== 'orders'))
    await expect(query(as(secrets, other, 'orders'), 'SELECT 1')).rejects.toThrow(
      /permission denied/,
    )
  await expect(query(as(secrets, 'orders', 'postgres'), 'SELECT 1')).rejects.toThrow(
    /permission denied/,
  )
})

test('a service may not make databases or roles', async () => {
  const secrets = await prepared()
  const orders = as(secrets, 'orders', 'orders')
  await expect(query(orders, 'CREATE DATABASE more')).rejects.toThrow(/permission denied/)
  await expect(query(orders, 'CREATE ROLE more')).rejects.toThrow(/permission denied/)
})

test('a second start changes nothing, and takes over changed passwords', async () => {
  const before = await prepared()
  const after = await prepared()
  await expect(query(as(before, 'users', 'users'), 'SELECT 1')).rejects.toThrow(/password/)
  expect(await query(as(after, 'users', 'users'), 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})
