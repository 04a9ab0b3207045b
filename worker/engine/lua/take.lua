-- Take jobs from the head of several queues, the first queue before the second: their score becomes the
-- lease, so they leave the head and nobody stumbles over them, and come back by themselves.
-- KEYS: queues in order of precedence
-- ARGV: lease (ms), queue for jobs that are not messages, then per queue: how many at most of it and those before
-- Returns: per queue its job ids of messages. A job of another kind (any service may enqueue with
--          stock arq) is moved to the control queue, where a stock arq worker loop runs it.
local t = redis.call('TIME')
local now_ms = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local ends, all, count = now_ms + tonumber(ARGV[1]), {}, 0
for i = 1, #KEYS do
  local taken, leases, others = {}, {}, {}
  local left = tonumber(ARGV[2 + i]) - count
  if left > 0 then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[i], '-inf', now_ms, 'LIMIT', 0, left)) do
      if string.find(id, '^[^/]+/%d+%.%d+$') then
        taken[#taken + 1] = id
        leases[#leases + 1] = ends
        leases[#leases + 1] = id
      else
        others[#others + 1] = id
      end
    end
  end
  for _, id in ipairs(others) do
    redis.call('ZADD', ARGV[2], now_ms, id)
    redis.call('ZREM', KEYS[i], id)
  end
  for start = 1, #leases, 1000 do
    redis.call('ZADD', KEYS[i], 'XX', unpack(leases, start, math.min(start + 999, #leases)))
  end
  all[i] = taken
  count = count + #taken
end
return all
