-- End an order that is open, and write what came of it into the audit log.
-- KEYS: order, open orders, audit log
-- ARGV: id, cursor before ('*': whichever), state, participle, failure, audit length, life (s), then fields
-- Returns: 1, or 0 when it is not open any more, or another worker has gone on with it
local o = redis.call('HMGET', KEYS[1], 'state', 'cursor', 'who', 'kind', 'target')
if o[1] ~= 'open' or (ARGV[2] ~= '*' and (o[2] or '') ~= ARGV[2]) then
  if not o[1] then redis.call('ZREM', KEYS[2], ARGV[1]) end
  return 0
end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HSET', KEYS[1], 'state', ARGV[3], 'ended_at', redis.call('TIME')[1], unpack(ARGV, 8))
redis.call('EXPIRE', KEYS[1], ARGV[7])
local counts = redis.call('HMGET', KEYS[1], 'done', 'left')
local after = counts[1] .. ' ' .. ARGV[4]
if counts[2] ~= '0' then after = after .. ', ' .. counts[2] .. ' left' end
local entry = {'who', o[3], 'action', o[4], 'target', string.sub(o[5] .. ' (order ' .. ARGV[1] .. ')', 1, 500), 'after', after}
if ARGV[5] ~= '' then
  entry[#entry + 1] = 'failure'
  entry[#entry + 1] = ARGV[5]
end
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', unpack(entry))
return 1
