-- End the recipients of a campaign that were never registered: one number, no record each. They count as
-- registered from here on, so that a second call ends only those who were appended since.
-- KEYS: campaign, counts, reasons, active
-- ARGV: campaign id, event ('cancel' | 'expire'), code
-- Returns: how many recipients were ended
local id = ARGV[1]
local now = clock()
local c = redis.call('HMGET', CAMPAIGN, 'total', 'registered', 'chunks')
local rest = tonumber(c[1] or 0) - tonumber(c[2] or 0)
redis.call('HSET', CAMPAIGN, 'rest', WORD[TO[ARGV[2]]], 'registered', c[1] or 0,
  'fed', c[3] or 0, 'fed_place', 0)
redis.call('ZREM', ACTIVE, id)
if rest > 0 then
  tally['q'] = -rest
  tally[TO[ARGV[2]]] = rest
  if ARGV[3] ~= '' then reasons[ARGV[3]] = rest end
end
settle(id, now)
return rest
