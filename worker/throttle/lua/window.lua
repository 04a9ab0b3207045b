-- Per-call windows: take one place in each, or none and say how long to wait.
-- KEYS: one sorted set per window
-- ARGV: member, then count and length (ms) per window
-- Returns: 0 when a place was taken in every window, else ms until one is free in the fullest
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local wait = 0
for i = 1, #KEYS do
  local count, length = tonumber(ARGV[i * 2]), tonumber(ARGV[i * 2 + 1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now - length)
  if redis.call('ZCARD', KEYS[i]) >= count then
    local oldest = redis.call('ZRANGE', KEYS[i], -count, -count, 'WITHSCORES')
    wait = math.max(wait, tonumber(oldest[2]) + length - now + 1)
  end
end
if wait > 0 then return wait end
for i = 1, #KEYS do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], tonumber(ARGV[i * 2 + 1]) + 1000)
end
return 0
