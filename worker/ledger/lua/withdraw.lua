-- Cancel some messages of one chunk that wait to be sent, whether the feeder has come to them or not.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk, and the order that counts them, if any
-- ARGV: campaign id, chunk, code, then places
-- Returns: how many messages were cancelled
local id, records, places = ARGV[1], KEYS[6], {}
for i = 4, #ARGV do places[#places + 1] = ARGV[i] end
local c = redis.call('HMGET', CAMPAIGN, 'state', 'rest')
if not c[1] or c[1] == 'loading' then return 0 end
if KEYS[7] and redis.call('HGET', KEYS[7], 'state') ~= 'open' then return 0 end
local now, ended, added = clock(), 0, 0
read_records(records, places)
for _, place in ipairs(places) do
  local r = record_at(records, place)
  if not r and (c[2] or '') == '' then
    r = {letter = 'q', attempts = '0', changed = now_text, due = '0', reference = '', code = ''}
    books[records].rows[place] = r
    added = added + 1
  end
  if r and waits(r) and move(r, 'cancel') then
    r.code = ARGV[3]
    count_reason(r.code)
    changed(records, place)
    end_job(id .. '/' .. ARGV[2] .. '.' .. place)
    ended = ended + 1
  end
end
if ended == 0 then return 0 end
if added > 0 then redis.call('HINCRBY', CAMPAIGN, 'registered', added) end
finish(id, now)
if KEYS[7] then redis.call('HINCRBY', KEYS[7], 'done', ended) end
return ended
