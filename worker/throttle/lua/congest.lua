-- Slow a login down: the provider said too fast, or answers ever more slowly.
-- KEYS: rate state (hash), what an operator set instead (hash)
-- ARGV: rate ceiling (/s), factor (below 1), why, share of a rate that may be used
-- Returns: effective rate x 1000. At most one step a second, never below a hundredth of the ceiling.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + tonumber(t[2]) / 1000
local set = redis.call('HGET', KEYS[2], 'rate')
local ceiling = set and tonumber(set) * tonumber(ARGV[4]) or tonumber(ARGV[1])
local h = redis.call('HMGET', KEYS[1], 'rate', 'slowed_at')
local rate = math.min(ceiling, tonumber(h[1] or '') or ceiling)
if h[2] and now - tonumber(h[2]) < 1000 then return math.floor(rate * 1000) end
rate = math.max(ceiling / 100, rate * tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'rate', string.format('%.4f', rate), 'rate_at', string.format('%.3f', now),
  'slowed_at', string.format('%.3f', now), 'why', ARGV[3], 'ceiling', ceiling)
redis.call('PEXPIRE', KEYS[1], 3600000)
return math.floor(rate * 1000)
