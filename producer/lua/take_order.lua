-- Take the open order that is due first; it comes back when nothing is heard of it for a lease.
-- KEYS: open orders
-- ARGV: prefix of order keys, lease (ms)
-- Returns: {id, ms that it was overdue, its fields and values}, or {'', ms until the next is due (-1: none is open)}
local found = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if #found == 0 then return {'', -1} end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local due = tonumber(found[2])
if due > now then return {'', due - now} end
local fields = redis.call('HGETALL', ARGV[1] .. found[1])
if #fields == 0 then
  redis.call('ZREM', KEYS[1], found[1])  -- nobody knows any more what was wanted
  return {'', 0}
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[2])), found[1])
return {found[1], due == 0 and 0 or now - due, fields}
