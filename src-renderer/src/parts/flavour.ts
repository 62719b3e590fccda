/** The product's own name; where the server does not say which it is, the protocol's. */
export function nameOfFlavour(flavour: 'redis' | 'valkey' | 'unknown'): string {
  return flavour === 'valkey' ? 'Valkey' : 'Redis'
}
