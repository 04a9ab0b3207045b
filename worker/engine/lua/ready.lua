-- How many jobs may be taken now.
-- KEYS: queues
-- Returns: one number per queue
local t = redis.call('TIME')
local now_ms = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local counts = {}
for i = 1, #KEYS do counts[i] = redis.call('ZCOUNT', KEYS[i], '-inf', now_ms) end
return counts
