-- A piece of an order is done: say how far it is, and when the next piece is due.
-- KEYS: order, open orders
-- ARGV: id, cursor before, cursor now, ms until the next piece, life (s), then fields
-- Returns: 1, or 0 when the order is not open any more, or another worker has gone on with it
local o = redis.call('HMGET', KEYS[1], 'state', 'cursor')
if o[1] ~= 'open' or (o[2] or '') ~= ARGV[2] then return 0 end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
redis.call('HSET', KEYS[1], 'cursor', ARGV[3], unpack(ARGV, 6))
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('ZADD', KEYS[2], string.format('%.0f', now + tonumber(ARGV[4])), ARGV[1])
return 1
