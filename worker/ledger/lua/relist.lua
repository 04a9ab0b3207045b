-- Put what waits for evidence of one chunk back on its lists: the look-ups due, the uncertain, the references.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, records of the chunk
-- ARGV: campaign id, chunk, prefix of reference keys, reference life (s)
-- Returns: how many messages were missing somewhere
local id, refs, life = ARGV[1], ARGV[3], tonumber(ARGV[4])
local due, uncertain, missing = KEYS[6], KEYS[7], 0
clock()
for place, r in pairs(read_all_records(KEYS[8])) do
  local is_doubtful = r.letter == 'n'
  if is_doubtful or r.letter == 's' or r.letter == 'e' then
    local address, is_missing = ARGV[2] .. '.' .. place, false
    local job = id .. '/' .. address
    if is_doubtful and not redis.call('ZSCORE', uncertain, job) then
      list(uncertain, job, r.changed)
      is_missing = true
    end
    if r.reference ~= '' then
      if not redis.call('ZSCORE', due, r.reference) then
        list(due, r.reference, now_text)
        is_missing = true
      end
      local known = redis.call('HGET', bucket(refs, r.reference), r.reference) or nil
      if not known or with_address(known, id, address) ~= known then
        name(refs, r.reference, id, address, life, known)
        is_missing = true
      end
    end
    if is_missing then missing = missing + 1 end
  end
end
write_references()
write_lists()
return missing
