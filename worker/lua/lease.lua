-- Keep or give up a lease, if it is the holder's: it may have run out, and be somebody else's by now.
-- KEYS: lease
-- ARGV: holder, seconds for which it is kept from now on (0: given up)
-- Returns: 1, or 0 when it is not the holder's (nothing is changed)
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if tonumber(ARGV[2]) > 0 then
  redis.call('EXPIRE', KEYS[1], ARGV[2])
else
  redis.call('DEL', KEYS[1])
end
return 1
