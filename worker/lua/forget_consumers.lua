-- Forget consumers that are gone: each start of a worker makes a new one. One that still holds entries is
-- kept until another has taken them over, because with a consumer its entries would be forgotten, too.
-- KEYS: stream
-- ARGV: group, how long a consumer must have been idle (ms)
-- Returns: how many were forgotten
local forgotten = 0
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local consumer = {}
  for i = 1, #flat, 2 do consumer[flat[i]] = flat[i + 1] end
  if consumer['pending'] == 0 and consumer['idle'] > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], consumer['name'])
    forgotten = forgotten + 1
  end
end
return forgotten
