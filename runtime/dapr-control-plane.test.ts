import { expect, test } from 'vitest'
import { expiresSoon } from './dapr-control-plane.ts'

const validUntil = Date.UTC(2027, 10, 22, 19, 20, 28)
const certificate = `-----BEGIN CERTIFICATE-----
MIIBKDCB26ADAgECAhEA3lTtxt0GXCvTcFX0Ni58XDAFBgMrZXAwFDESMBAGA1UE
ChMJbG9jYWxob3N0MB4XDTI2MTEyMjE5MDUyOFoXDTI3MTEyMjE5MjAyOFowFDES
MBAGA1UEChMJbG9jYWxob3N0MCowBQYDK2VwAyEAeHOk5MG2qqGiDG27bRrvAMfp
+V5hRnDsiA7CDeulSnajQjBAMA4GA1UdDwEB/wQEAwIChDAPBgNVHRMBAf8EBTAD
AQH/MB0GA1UdDgQWBBQvwHBR0X39DbDfDozRCKcYG7c24zAFBgMrZXADQQAE4330
Gv86rOf+i21PMyMcPBx/eEQDOQ/Qw8jgmlsDBJ/Hj9zIX3cqgn9lO/NSTkGTLkN2
MmbQyrXOvXg7+bkL
-----END CERTIFICATE-----
`

const day = 86_400_000

test('a certificate authority is replaced in its last 30 days, not before', () => {
  expect(expiresSoon(certificate, validUntil - 31 * day)).toBe(false)
  expect(expiresSoon(certificate, validUntil - 29 * day)).toBe(true)
  expect(expiresSoon(certificate, validUntil + day)).toBe(true)
})
