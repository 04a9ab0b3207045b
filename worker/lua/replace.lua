-- Put another text in the place of one that is still as it was read: a field of a hash, an element of a list.
-- KEYS: hash or list
-- ARGV: 'hash' | 'list', field or index, as it was read, as it is to be
-- Returns: 1, or 0 when it is another by now (nothing is written)
local read, write = 'HGET', 'HSET'
if ARGV[1] == 'list' then read, write = 'LINDEX', 'LSET' end
if redis.call(read, KEYS[1], ARGV[2]) ~= ARGV[3] then return 0 end
redis.call(write, KEYS[1], ARGV[2], ARGV[4])
return 1
