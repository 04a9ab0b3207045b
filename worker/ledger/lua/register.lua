-- Make message records and their jobs for a slice of one chunk, and move the feeder's place on: one step.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk
-- ARGV: campaign id, chunk, first place, places, places in the whole chunk, body head, body tail, body life (s)
-- Returns: 'fed' | 'all fed' | 'moved' (another feeder was here) | the campaign's state when it is not running
local id, chunk, first, places, size = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local c = redis.call('HMGET', CAMPAIGN, 'state', 'fed', 'fed_place', 'chunks')
if c[1] ~= 'running' then return c[1] or 'gone' end
if tonumber(c[2]) ~= chunk or tonumber(c[3]) ~= first then return 'moved' end
local now, now_ms = clock()
for place = first, first + places - 1 do
  if redis.call('HSETNX', KEYS[6], place, 'q|0|' .. now .. '|0||') == 1 then
    start_job(KEYS[5], id .. '/' .. chunk .. '.' .. place, now_ms, ARGV[6], ARGV[7], ARGV[8])
  end
end
redis.call('HINCRBY', CAMPAIGN, 'registered', places)
if first + places < size then
  redis.call('HSET', CAMPAIGN, 'fed_place', first + places)
  return 'fed'
end
redis.call('HSET', CAMPAIGN, 'fed', chunk + 1, 'fed_place', 0)
if chunk + 1 < tonumber(c[4]) then return 'fed' end
redis.call('ZREM', ACTIVE, id)
return 'all fed'
