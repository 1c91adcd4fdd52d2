import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export type CertificateKey = { privateKey: string; publicKey: Buffer }
export type CaCertificate = {
  /** Organization of the subject. */
  subject: string
  from: Date
  until: Date
  key: CertificateKey
  /** Signer of the certificate; without one, the certificate is self-signed. */
  issuer?: { subject: string; key: CertificateKey }
}

/** Returns a new Ed25519 key: the private half as PKCS #8 PEM, the public half as SPKI DER. */
export function createKey(): CertificateKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  }
}

/**
 * Returns the PEM of a certificate (RFC 5280, RFC 8410) whose key may sign other certificates. Node.js reads
 * certificates but cannot create any; a library would bring nineteen packages for these fields.
 */
export function createCaCertificate(wanted: CaCertificate): string {
  const signer = wanted.issuer ?? wanted
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))), // version 3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ed25519,
    organization(signer.subject),
    sequence(time(wanted.from), time(wanted.until)),
    organization(wanted.subject),
    wanted.key.publicKey,
    tagged(
      0xa3,
      sequence(
        extension('551d0f', true, tagged(0x03, Buffer.from([1, 0b10000110]))), // digitalSignature, keyCertSign, cRLSign
        extension('551d13', true, sequence(tagged(0x01, Buffer.from([0xff])))), // CA: true
        extension('551d0e', false, tagged(0x04, keyId(wanted.key))),
        extension('551d23', false, sequence(tagged(0x80, keyId(signer.key)))),
      ),
    ),
  )
  const signature = sign(null, body, createPrivateKey(signer.key.privateKey))
  const der = sequence(body, ed25519, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** Returns a DER value: tag, length, content. */
function tagged(tag: number, ...content: Buffer[]): Buffer {
  const value = Buffer.concat(content)
  const { length } = value
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), value])
}

const sequence = (...content: Buffer[]) => tagged(0x30, ...content)
const integer = (bytes: Buffer) => tagged(0x02, bytes)
const oid = (hex: string) => tagged(0x06, Buffer.from(hex, 'hex'))
const ed25519 = sequence(oid('2b6570'))

const organization = (name: string) =>
  sequence(tagged(0x31, sequence(oid('55040a'), tagged(0x0c, Buffer.from(name)))))

const extension = (id: string, critical: boolean, value: Buffer) =>
  sequence(oid(id), ...(critical ? [tagged(0x01, Buffer.from([0xff]))] : []), tagged(0x04, value))

/** The last 32 bytes of the SPKI are the key itself. */
const keyId = ({ publicKey }: CertificateKey) =>
  createHash('sha1').update(publicKey.subarray(-32)).digest()

/** UTCTime with a two-digit year until 2049, GeneralizedTime with four digits afterwards. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(digits.slice(2)))
    : tagged(0x18, Buffer.from(digits))
}
