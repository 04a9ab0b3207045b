-- Make message records and their jobs for a slice of one chunk, and move the feeder's place on: one step.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk
-- ARGV: campaign id, chunk, first place, places, places in the whole chunk, body head, body tail, body life (s)
-- Returns: 'fed' | 'all fed' | 'moved' (another feeder was here) | the campaign's state when it is not running
local id, chunk, first, places, size = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local c = redis.call('HMGET', CAMPAIGN, 'state', 'fed', 'fed_place', 'chunks')
if c[1] ~= 'running' then return c[1] or 'gone' end
if tonumber(c[2]) ~= chunk or tonumber(c[3]) ~= first then return 'moved' end
local _, now_ms = clock()
local wanted, at = {}, text(now_ms)
for place = first, first + places - 1 do wanted[#wanted + 1] = text(place) end
local b, added = book(KEYS[6]), 0
for i, packed in ipairs(redis.call('HMGET', KEYS[6], unpack(wanted))) do
  if not packed then
    local place = wanted[i]
    b.rows[place] = {letter = 'q', attempts = '0', changed = now_text, due = '0', reference = '', code = ''}
    changed(KEYS[6], place)
    start_job(id .. '/' .. ARGV[2] .. '.' .. place, at)
    added = added + 1
  end
end
write_records()
write_jobs({head = ARGV[6], tail = ARGV[7], life = ARGV[8]})
redis.call('HINCRBY', CAMPAIGN, 'registered', added)  -- one that was cancelled before its turn is counted already
if first + places < size then
  redis.call('HSET', CAMPAIGN, 'fed_place', first + places)
  return 'fed'
end
redis.call('HSET', CAMPAIGN, 'fed', chunk + 1, 'fed_place', 0)
if chunk + 1 < tonumber(c[4]) then return 'fed' end
redis.call('ZREM', ACTIVE, id)
return 'all fed'
