-- Take jobs from the head of several queues, the first queue before the second: their score becomes the
-- lease, so they leave the head and nobody stumbles over them, and come back by themselves.
-- KEYS: queues in order of precedence
-- ARGV: how many at most, lease (ms), prefix of job bodies, queue for jobs that are not messages
-- Returns: job id and queue number per message job. A job of another kind (any service may enqueue with
--          stock arq) is moved to the control queue, where a stock arq worker loop runs it.
local t = redis.call('TIME')
local now_ms = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local left, taken = tonumber(ARGV[1]), {}
for i = 1, #KEYS do
  if left <= 0 then break end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now_ms, 'LIMIT', 0, left)) do
    if string.find(id, '^[^/]+/%d+%.%d+$') then
      redis.call('ZADD', KEYS[i], 'XX', now_ms + tonumber(ARGV[2]), id)
      taken[#taken + 1] = id
      taken[#taken + 1] = i - 1
      left = left - 1
    else
      redis.call('ZREM', KEYS[i], id)
      redis.call('ZADD', ARGV[4], now_ms, id)
    end
  end
end
return taken
