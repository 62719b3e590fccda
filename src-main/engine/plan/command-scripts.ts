import type { Argument } from '../resp/encode.ts'

/**
 * What older servers have no command for, said by their own: small scripts that do with a key what the younger command
 * would have done, without its value passing by us. Every server since 2.6 runs them; each names its keys.
 */
export const scripts = {
  /** SET … KEEPTTL (6.0). */
  keepTtl: (key: Argument, value: Argument): readonly Argument[] => ['EVAL', keepTtl, 1, key, value],
  /** COPY (6.2), over what is there; `db`: null for the same. DUMP and RESTORE … REPLACE (3.0). */
  copy: (from: Argument, to: Argument, db: Argument | null): readonly Argument[] => [
    'EVAL',
    copy,
    2,
    from,
    to,
    db ?? '',
  ],
  /** LMOVE (6.2). */
  move: (from: Argument, to: Argument, pop: string, push: string): readonly Argument[] => [
    'EVAL',
    move,
    2,
    from,
    to,
    pop,
    push,
  ],
  /** ZADD with conditions (3.0.2; GT and LT 6.2). `pairs`: score, member, score, member … */
  addScores: (key: Argument, flags: readonly string[], pairs: readonly Argument[]): readonly Argument[] => [
    'EVAL',
    addScores,
    1,
    key,
    flags.join(' '),
    ...pairs,
  ],
  /** Deletes the entries of a stream below an id: MINID (6.2). */
  trimBelow: (key: Argument, id: Argument): readonly Argument[] => ['EVAL', trimBelow, 1, key, id],
}

const keepTtl = `local left = redis.call('PTTL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
if left > 0 then redis.call('PEXPIRE', KEYS[1], left) end`

const copy = `local value = redis.call('DUMP', KEYS[1])
if not value then return end
local left = redis.call('PTTL', KEYS[1])
if ARGV[1] ~= '' then redis.call('SELECT', ARGV[1]) end
redis.call('RESTORE', KEYS[2], left > 0 and left or 0, value, 'REPLACE')`

const move = `local value = redis.call(ARGV[1], KEYS[1])
if value then redis.call(ARGV[2], KEYS[2], value) end`

const addScores = `local flags = ' ' .. ARGV[1] .. ' '
local function has(flag) return string.find(flags, ' ' .. flag .. ' ', 1, true) end
for at = 2, #ARGV, 2 do
  local score, member = ARGV[at], ARGV[at + 1]
  local old = redis.call('ZSCORE', KEYS[1], member)
  if not (old and has('NX')) and (old or not has('XX')) then
    if has('INCR') and old then score = tonumber(score) + tonumber(old) end
    local ahead = not old or (not has('GT') or tonumber(score) > tonumber(old))
    local behind = not old or (not has('LT') or tonumber(score) < tonumber(old))
    if ahead and behind then
      if has('INCR') then redis.call('ZINCRBY', KEYS[1], ARGV[at], member)
      else redis.call('ZADD', KEYS[1], score, member) end
    end
  end
end`

const trimBelow = `local id = ARGV[1]
if not string.find(id, '-', 1, true) then id = id .. '-0' end
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '-', id)) do
  if entry[1] ~= id then redis.call('XDEL', KEYS[1], entry[1]) end
end`
