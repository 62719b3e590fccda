import { FailureError, makeFailure, type Failure, type FailureCode } from '#contract/failure.ts'

/**
 * Names what went wrong with a socket, by the error's code alone. `address` is `host:port` for the sentence;
 * `tls` tells whether TLS was asked for. An error with no code we know becomes `connect.lost`; one that carries a
 * failure, as a stream through a tunnel does, is that.
 */
export function classifySocketError(error: unknown, address: string, tls: boolean): Failure {
  if (error instanceof FailureError) return error.failure
  const code = errorCode(error)
  return makeFailure(failureOf(code, tls), { address }, code)
}

function failureOf(code: string, tls: boolean): FailureCode {
  const known = byCode[code]
  if (known) return known
  if (!tls) return 'connect.lost'
  if (notTls.test(code)) return 'tls.not-tls'
  if (refusedCertificate.test(code)) return 'tls.client-certificate'
  return 'connect.lost'
}

/** The code of an error; where several addresses of one name were tried, the first attempt's that has one. */
function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { code, errors } = error as { code?: unknown; errors?: unknown }
  if (typeof code === 'string' && code !== '') return code
  return Array.isArray(errors) ? (errors.map(errorCode).find((one) => one !== '') ?? '') : ''
}

/** Codes of libuv and getaddrinfo (node `os.constants.errno`), and of OpenSSL's verification (x509_vfy.h). */
const byCode: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: 'connect.refused',
  ENOENT: 'connect.refused',
  ENOTFOUND: 'connect.unknown-host',
  EAI_AGAIN: 'connect.unknown-host',
  EAI_FAIL: 'connect.unknown-host',
  EAI_NODATA: 'connect.unknown-host',
  EHOSTUNREACH: 'connect.unreachable',
  EHOSTDOWN: 'connect.unreachable',
  ENETUNREACH: 'connect.unreachable',
  ENETDOWN: 'connect.unreachable',
  EADDRNOTAVAIL: 'connect.unreachable',
  EACCES: 'connect.unreachable',
  EPERM: 'connect.unreachable',
  EINVAL: 'connect.unreachable',
  ETIMEDOUT: 'connect.timeout',
  ECONNRESET: 'connect.lost',
  ECONNABORTED: 'connect.lost',
  EPIPE: 'connect.lost',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls.untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls.untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'tls.untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls.untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls.untrusted',
  CERT_CHAIN_TOO_LONG: 'tls.untrusted',
  CERT_REVOKED: 'tls.untrusted',
  CERT_REJECTED: 'tls.untrusted',
  CERT_UNTRUSTED: 'tls.untrusted',
  CERT_SIGNATURE_FAILURE: 'tls.untrusted',
  INVALID_CA: 'tls.untrusted',
  INVALID_PURPOSE: 'tls.untrusted',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls.name-mismatch',
  HOSTNAME_MISMATCH: 'tls.name-mismatch',
  CERT_HAS_EXPIRED: 'tls.expired',
  CERT_NOT_YET_VALID: 'tls.expired',
  ERR_TLS_HANDSHAKE_TIMEOUT: 'tls.not-tls',
}

/** What OpenSSL calls an answer that is no TLS record at all (sslerr.h). */
const notTls = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|UNEXPECTED_MESSAGE)$/

/** The alerts a server sends when it wants our certificate, or another one (RFC 8446, 6.2). */
const refusedCertificate =
  /^ERR_SSL_.*ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|UNSUPPORTED_CERTIFICATE|HANDSHAKE_FAILURE|ACCESS_DENIED)$/
