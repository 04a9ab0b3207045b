-- Take one recipient's number and values out of its chunk, if its message is final; with an event, end it first.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk, chunks
-- ARGV: campaign id, chunk, place, the chunk as it was read, the chunk without the recipient,
--       event ('cancel'; '': leave what is not final), code, MSISDN, prefix of the campaign's sets of who is in it
-- Returns: 'forgotten', 'ended' (by this call, and forgotten), 'changed' (the chunk is another: read it again), or the
--          state of a message that is not final
local id, place, records = ARGV[1], ARGV[3], KEYS[6]
if redis.call('HGET', KEYS[7], ARGV[2]) ~= ARGV[4] then return 'changed' end
local c = redis.call('HMGET', CAMPAIGN, 'state', 'rest', 'shards', 'seeing')
local shards = c[3] or c[4]  -- while the sets are being made, `seeing`
if not c[1] or c[1] == 'loading' then return 'changed' end
local now, answer = clock(), 'forgotten'
read_records(records, {place})
local r = record_at(records, place)
local is_unregistered = not r and (c[2] or '') == ''
if is_unregistered then
  if ARGV[6] == '' then return WORD['q'] end
  r = {letter = 'q', attempts = '0', changed = now_text, due = '0', reference = '', code = ''}
  books[records].rows[place] = r
end
if r and ARGV[6] ~= '' and waits(r) then
  move(r, ARGV[6])
  r.code = ARGV[7]
  count_reason(r.code)
  changed(records, place)
  end_job(id .. '/' .. ARGV[2] .. '.' .. place)
  answer = 'ended'
end
if r and not string.find(FINAL, r.letter, 1, true) then return WORD[r.letter] end
redis.call('HSET', KEYS[7], ARGV[2], ARGV[5])
if is_unregistered then redis.call('HINCRBY', CAMPAIGN, 'registered', 1) end
if shards then redis.call('SREM', ARGV[9] .. text(tonumber(ARGV[8]) % tonumber(shards)), ARGV[8]) end
finish(id, now)
return answer
