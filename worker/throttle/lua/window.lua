-- Per-call windows: take one place in each, or none and say how long to wait.
-- KEYS: one sorted set per window, then the login's budget (hash): what windows there are, for the page
-- ARGV: member, then count, length (ms) and name ('' for one that is not told of) per window
-- Returns: 0 when a place was taken in every window, else ms until one is free in the fullest
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local wait, budget = 0, KEYS[#KEYS]
for i = 1, #KEYS - 1 do
  local count, length, name = tonumber(ARGV[i * 3 - 1]), tonumber(ARGV[i * 3]), ARGV[i * 3 + 1]
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - length)
  if redis.call('ZCARD', KEYS[i]) >= count then
    local oldest = redis.call('ZRANGE', KEYS[i], -count, -count, 'WITHSCORES')
    wait = math.max(wait, tonumber(oldest[2]) + length - now + 1)
  end
  if name ~= '' then
    redis.call('HSET', budget, name, count .. ' ' .. length)
    redis.call('EXPIRE', budget, 86400)
  end
end
if wait > 0 then return wait end
for i = 1, #KEYS - 1 do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], tonumber(ARGV[i * 3]) + 1000)
end
return 0
