-- Write an order down, unless one of the same lock and target is open, or too many are.
-- KEYS: orders, open orders, order
-- ARGV: id, prefix of order keys, now (unix s), life (s), most open, most kept, lock, target ('' for any), then fields
-- Returns: 'asked' | 'same' | 'full'
local open = redis.call('ZRANGE', KEYS[2], 0, -1)
if #open >= tonumber(ARGV[5]) then return 'full' end
for _, id in ipairs(open) do
  local o = redis.call('HMGET', ARGV[2] .. id, 'lock', 'target')
  if o[1] == ARGV[7] and (ARGV[8] == '' or o[2] == ARGV[8]) then return 'same' end
end
redis.call('HSET', KEYS[3], 'lock', ARGV[7], unpack(ARGV, 9))
redis.call('EXPIRE', KEYS[3], ARGV[4])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[6]))
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 'asked'
