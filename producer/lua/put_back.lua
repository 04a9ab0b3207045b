-- Move one dead letter to the intake stream, or drop it: once, whoever else is at it.
-- KEYS: dead letters, intake, and the order that this is a part of, if any
-- ARGV: letter, then the fields to put on the intake stream (none: it is dropped)
-- Returns: 1, or 0 when the letter is not there (any more), or the order is not open
if KEYS[3] and redis.call('HGET', KEYS[3], 'state') ~= 'open' then return 0 end
if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then return 0 end
if #ARGV > 1 then redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2)) end
redis.call('XDEL', KEYS[1], ARGV[1])
if KEYS[3] then redis.call('HINCRBY', KEYS[3], 'done', 1) end
return 1
