-- Per-call windows: count a request's places from now on, because it leaves late, or has just ended.
-- KEYS: one sorted set per window
-- ARGV: member, then length (ms) per window
-- Returns: 1, or 0 when one of its places has run out (nothing is changed)
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
for i = 1, #KEYS do
  local taken = redis.call('ZSCORE', KEYS[i], ARGV[1])
  if not taken or tonumber(taken) <= now - tonumber(ARGV[i + 1]) then return 0 end
end
for i = 1, #KEYS do
  redis.call('ZADD', KEYS[i], now, ARGV[1])
  redis.call('PEXPIRE', KEYS[i], tonumber(ARGV[i + 1]) + 1000)
end
return 1
