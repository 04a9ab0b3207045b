-- Write what submissions gave: state, counters, reference, first look, and the end of the arq job: one step.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, orphans, then records per chunk
-- ARGV: campaign id, reference life (s), first look in (s), look at a doubtful one in (s), prefix of reference keys,
--       body head, body tail, body life (s), then per message as JSON:
--       [chunk, place, attempt, event, seconds, reference, 1 when the provider was told the claim's, code,
--       fence key (left out: none; no byte of the request left, so its like may leave now)]
-- Events: submit, reject, defer (tried again in `seconds`), release (back to the queue), doubt.
-- A submit is taken from queued as well, where nobody has claimed the message since: it must not be sent again.
-- Returns: place in the rows (from 1) and word, for each that is not simply done: 'late' (a report was quicker),
--          'stale' (another attempt holds it), or an orphan report (still shelved)
local id, life, refs = ARGV[1], tonumber(ARGV[2]), ARGV[5]
local rows = cjson.decode(ARGV[9])
local now, now_ms = clock()
local due, uncertain, orphans = KEYS[6], KEYS[7], KEYS[8]
local first_look, doubtful_look = text(now + tonumber(ARGV[3])), text(now + tonumber(ARGV[4]))
local answers, forgotten, lifted = {}, {}, {}

local function submitted(m, r, address, was_in_flight)
  local own = r.reference
  r.reference = m.reference
  list(due, m.reference, first_look)
  if own ~= m.reference then
    if own ~= '' and (m.is_told or not was_in_flight) then
      forgotten[#forgotten + 1] = {reference = own, address = address, is_due = not was_in_flight}
    end
    name(refs, m.reference, id, address, life, false)
  elseif not (m.is_told and was_in_flight) then
    name(refs, m.reference, id, address, life)
  end
end

-- Back to waiting: the job may be there (claimed) or not (it was uncertain).
local function wait(r, job, seconds)
  r.reference = ''  -- nothing was sent under it: no report can be about this message
  if not waits(r) then end_job(job) return end
  if seconds > 0 then r.due = text(now + seconds) end
  start_job(job, text(now_ms + seconds * 1000))
end

-- Accepted, and a report, policy or time has moved the message already: the provider's own id is kept all the same, so
-- that whatever is said under it is about this message. A message that waits (it was given back) names none anew.
local function adopted(m, r, address)
  if waits(r) or r.reference == m.reference then return 'late' end
  local own = r.reference
  r.reference = m.reference
  name(refs, m.reference, id, address, life)
  if own ~= '' then forgotten[#forgotten + 1] = {reference = own, address = address, is_due = true} end
  if r.letter == 's' or r.letter == 'e' then list(due, m.reference, first_look) end
  return 'done'
end

local function write(m, r, job, address)
  -- a release takes its attempt back, so that the next claim has the same number: the reference tells them apart
  if r.attempts ~= m.attempt or (m.event == 'release' and r.reference ~= m.reference) then return 'stale' end
  local was_in_flight, claimed_at = r.letter == 'f', r.changed
  if not move(r, m.event) then
    if not waits(r) then end_job(job) end
    return m.event == 'submit' and adopted(m, r, address) or 'late'
  end
  r.code = m.code
  if m.event == 'doubt' then
    list(uncertain, job, now_text)
    if r.reference ~= '' then
      list(due, r.reference, doubtful_look)
      name(refs, r.reference, id, address, tonumber(claimed_at) + life - now)
    end
    end_job(job)
    return 'done'
  end
  if not was_in_flight then list(uncertain, job, false) end
  if m.event == 'release' then
    r.attempts = text(tonumber(r.attempts) - 1)
    if m.fence then lifted[m.fence] = m.reference end
    wait(r, job, 0)
  elseif m.event == 'defer' then
    wait(r, job, m.seconds)
  elseif m.event == 'reject' then
    count_reason(m.code)
    end_job(job)
  else
    submitted(m, r, address, was_in_flight)
    end_job(job)
  end
  return 'done'
end

local function shelved()
  local wanted, places = {}, {}
  for i, row in ipairs(rows) do
    if answers[i] == 'done' and row[4] == 'submit' then
      wanted[#wanted + 1] = row[6]
      places[#places + 1] = i
    end
  end
  if #wanted == 0 or redis.call('EXISTS', orphans) == 0 then return end
  for i, report in ipairs(redis.call('HMGET', orphans, unpack(wanted))) do
    if report then answers[places[i]] = report end
  end
end

-- What a claim was made under, for this message; others of the same request may still be looked for under it.
local function forget(f)
  local key = bucket(refs, f.reference)
  local others = without_address(redis.call('HGET', key, f.reference) or '|', f.address)
  if others then
    redis.call('HSET', key, f.reference, others)
    return
  end
  redis.call('HDEL', key, f.reference)
  if f.is_due then redis.call('ZREM', due, f.reference) end
end

local key_of = read_rows(rows, 9)
for i, row in ipairs(rows) do
  local m = {
    attempt = row[3], event = row[4], seconds = row[5], reference = row[6], is_told = row[7] == 1, code = row[8],
    fence = row[9],
  }
  local key, address = key_of[row[1]], row[1] .. '.' .. row[2]
  local r = record_at(key, row[2])
  answers[i] = r and write(m, r, id .. '/' .. address, address) or 'stale'
  if answers[i] == 'done' then changed(key, row[2]) end
end
shelved()
finish(id, now, {head = ARGV[6], tail = ARGV[7], life = ARGV[8]})
for _, f in ipairs(forgotten) do forget(f) end
for key, reference in pairs(lifted) do
  if redis.call('GET', key) == reference then redis.call('DEL', key) end  -- it may be another request's by now
end
local told = {}
for i, answer in ipairs(answers) do
  if answer ~= 'done' then
    told[#told + 1] = i
    told[#told + 1] = answer
  end
end
return told
