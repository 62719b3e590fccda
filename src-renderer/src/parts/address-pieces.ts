/**
 * An address in the pieces between which a line may end: before a port, before a label of a name (`.svc`), after a group
 * of an IPv6 address. Four numbers stay together, since half of them reads as another address.
 */
export function piecesOf(address: string): readonly string[] {
  return address.split(/(?<= )/).flatMap((one) => {
    const [, host = one, port = ''] = /^(.*?)(:\d+,? ?)$/.exec(one) ?? []
    const pieces = host.startsWith('[')
      ? host.split(/(?<=[0-9a-f]:)(?=[0-9a-f:])/i)
      : /^[\d.]+$/.test(host)
        ? [host]
        : host.split(/(?<=.)(?=\.)|(?<=-)/)
    return port === '' ? pieces : [...pieces, port]
  })
}
