-- Write what submissions gave: state, counters, reference, first look, and the end of the arq job: one step.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, orphans, then per message records, reference and the claim's own reference
-- ARGV: campaign id, reference life (s), first look in (s), look at a doubtful one in (s),
--       body head, body tail, body life (s), then per message: chunk, place, attempt, event, seconds, reference, code
-- Events: submit, reject, defer (tried again in `seconds`), release (back to the queue), doubt.
-- Returns: per message 'ok' | 'late' (a report was quicker) | 'stale' (another attempt holds it) | an orphan report (still shelved)
local id = ARGV[1]
local now, now_ms = clock()
local queue, due, uncertain, orphans = KEYS[5], KEYS[6], KEYS[7], KEYS[8]

local function submitted(m, r, job)
  redis.call('ZREM', uncertain, job)
  if m.claim_key ~= m.reference_key then
    redis.call('DEL', m.claim_key)
    redis.call('ZREM', due, r.reference)
  end
  r.reference = m.reference
  redis.call('ZADD', due, 'NX', now + tonumber(ARGV[3]), m.reference)
  if redis.call('EXISTS', m.reference_key) == 0 then
    redis.call('SET', m.reference_key, id .. '|' .. m.chunk .. '.' .. m.place, 'EX', ARGV[2])
  end
  end_job(queue, job)
  return redis.call('HGET', orphans, m.reference) or 'ok'
end

-- Back to waiting: the job may be there (claimed) or not (it was uncertain).
local function wait(r, job, seconds)
  redis.call('ZREM', uncertain, job)
  r.reference = ''  -- nothing was sent under it: no report can be about this message
  if not waits(r) then end_job(queue, job) return end
  if seconds > 0 then r.due = now + seconds end
  redis.call('ZREM', queue, job)
  start_job(queue, job, now_ms + seconds * 1000, ARGV[5], ARGV[6], ARGV[7])
end

local function write(m, r, job)
  -- a release takes its attempt back, so that the next claim has the same number: the reference tells them apart
  if r.attempts ~= m.attempt or (m.event == 'release' and r.reference ~= m.reference) then return 'stale' end
  if not move(r, m.event, now) then
    if not waits(r) then end_job(queue, job) end
    return 'late'
  end
  r.code = m.code
  if m.event == 'release' then
    r.attempts = r.attempts - 1
    wait(r, job, 0)
  elseif m.event == 'defer' then
    wait(r, job, m.seconds)
  elseif m.event == 'doubt' then
    redis.call('ZADD', uncertain, now, job)
    if r.reference ~= '' then redis.call('ZADD', due, 'NX', now + tonumber(ARGV[4]), r.reference) end
    end_job(queue, job)
  elseif m.event == 'reject' then
    count_reason(m.code)
    redis.call('ZREM', uncertain, job)
    end_job(queue, job)
  else
    return submitted(m, r, job)
  end
  return 'ok'
end

local answers = {}
for i = 0, (#ARGV - 7) / 7 - 1 do
  local a = 8 + i * 7
  local m = {
    chunk = ARGV[a], place = ARGV[a + 1], attempt = tonumber(ARGV[a + 2]), event = ARGV[a + 3],
    seconds = tonumber(ARGV[a + 4]), reference = ARGV[a + 5], code = ARGV[a + 6], reference_key = KEYS[10 + i * 3],
    claim_key = KEYS[11 + i * 3],
  }
  local records = KEYS[9 + i * 3]
  local r = read_record(records, m.place)
  if r then
    answers[#answers + 1] = write(m, r, id .. '/' .. m.chunk .. '.' .. m.place)
    write_record(records, m.place, r)
  else
    answers[#answers + 1] = 'stale'
  end
end
settle(id, now)
return answers
