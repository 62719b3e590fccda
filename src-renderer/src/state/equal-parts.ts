/**
 * `next`, with the very parts of `before` wherever they say the same, so that nothing that shows only those is drawn
 * again. Both are what a host has sent: plain objects, arrays and values.
 */
export function keepEqualParts<T>(before: T, next: T): T {
  if (Object.is(before, next)) return before
  if (!isTree(before) || !isTree(next) || Array.isArray(before) !== Array.isArray(next)) return next
  const names = Object.keys(next)
  let isSame = names.length === Object.keys(before).length
  const kept: Record<string, unknown> = {}
  for (const name of names) {
    const part = keepEqualParts(before[name], next[name])
    kept[name] = part
    isSame &&= Object.hasOwn(before, name) && Object.is(part, before[name])
  }
  if (isSame) return before
  return (Array.isArray(next) ? Object.values(kept) : kept) as T
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
