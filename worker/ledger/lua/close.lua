-- End what was registered and never claimed of one chunk: cancelled, or past its validity.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk
-- ARGV: campaign id, chunk, event ('cancel' | 'expire'), code
-- Returns: how many messages were ended
local id, count = ARGV[1], 0
local now = clock()
for place, r in pairs(read_all_records(KEYS[6])) do
  if waits(r) and move(r, ARGV[3]) then
    r.code = ARGV[4]
    count_reason(r.code)
    changed(KEYS[6], place)
    end_job(id .. '/' .. ARGV[2] .. '.' .. place)
    count = count + 1
  end
end
finish(id, now)
return count
