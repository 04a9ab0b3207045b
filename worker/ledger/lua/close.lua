-- End what was registered and never claimed of one chunk: cancelled, or past its validity.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk
-- ARGV: campaign id, chunk, event ('cancel' | 'expire'), code
-- Returns: how many messages were ended
local id, ended = ARGV[1], 0
local now = clock()
local all = redis.call('HKEYS', KEYS[6])
for _, place in ipairs(all) do
  local r = read_record(KEYS[6], place)
  if r and (r.letter == 'q' or r.letter == 'w') and move(r, ARGV[3], now) then
    r.code = ARGV[4]
    count_reason(r.code)
    write_record(KEYS[6], place, r)
    end_job(KEYS[5], id .. '/' .. ARGV[2] .. '.' .. place)
    ended = ended + 1
  end
end
settle(id, now)
return ended
