-- Move messages by evidence, policy, a person or time: reports, lookups, decisions, validity.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, delivery, then records per chunk
-- ARGV: campaign id, body head, body tail, body life (s), prefix of reference keys, then per message as JSON:
--       [chunk, place, event, reference ('': whichever), code, seconds until the next attempt or look]
-- A doubt about what is uncertain already only changes its code: why it is so now.
-- Returns: one letter per message: the one it now has, upper case when this call moved it, '-' when there is none,
--          '~' when the reference is of another attempt
-- Before it, besides the shared head: BOUNDS and BUCKETS of the campaign's times of delivery.
local id = ARGV[1]
local refs, rows = ARGV[5], cjson.decode(ARGV[6])
local now, now_ms = clock()
local due, uncertain = KEYS[6], KEYS[7]

-- A submission of this message alone is over: nobody has to look at it. Of one with others we know nothing here; a
-- provider that counts names each message, and nobody else may have been given the number since.
local function is_over(r, address)
  if not string.find(r.reference, '^%d+$') then return false end
  return redis.call('HGET', bucket(refs, r.reference), r.reference) == id .. '|' .. address
end

local function follow(r, job, address, seconds, was)
  if was == 'n' and r.letter ~= 'n' then list(uncertain, job, false) end
  if waits(r) then
    if seconds > 0 then r.due = text(now + seconds) end
    start_job(job, text(now_ms + seconds * 1000))
    return
  end
  if was == 'q' or was == 'w' or was == 'f' then end_job(job) end
  if string.find(FINAL, r.letter, 1, true) and is_over(r, address) then list(due, r.reference, false) end
  if r.letter == 's' or r.letter == 'e' then
    if r.reference ~= '' then list(due, r.reference, seconds == 0 and now_text or text(now + seconds)) end
  elseif r.letter ~= 'd' then
    count_reason(r.code)
  end
end

-- How long final reports took: since our own record of the submission, or since the claim where they were quicker.
-- While enroute, the record keeps that time as `due`. What was uncertain, or disproved, tells no time.
local took = {}

local function submitted_at(was, changed_at, due_at)
  if was == 's' or was == 'f' then return changed_at end
  if was == 'e' and due_at ~= '0' then return due_at end
  return nil
end

local function measure(r, event, began)
  if not began or string.sub(event, 1, 7) ~= 'report_' then return end
  if r.letter == 'e' then
    r.due = began
  elseif r.letter == TO[event] and string.find(FINAL, r.letter, 1, true) then
    local seconds, place = now - tonumber(began), 1
    while BOUNDS[place] and seconds > BOUNDS[place] do place = place + 1 end
    took[BUCKETS[place]] = (took[BUCKETS[place]] or 0) + 1
  end
end

local key_of, answers = read_rows(rows, 9), {}
for i, row in ipairs(rows) do
  local key, event, reference, code = key_of[row[1]], row[3], row[4], row[5]
  local r = record_at(key, row[2])
  if not r then
    answers[i] = '-'
  elseif reference ~= '' and r.reference ~= reference then
    answers[i] = '~'
  else
    local was, began = r.letter, submitted_at(r.letter, r.changed, r.due)
    if move(r, event) then
      measure(r, event, began)
      if code ~= '' then r.code = code end
      local address = row[1] .. '.' .. row[2]
      follow(r, id .. '/' .. address, address, row[6], was)
      changed(key, row[2])
      answers[i] = string.upper(r.letter)
    else
      if event == 'doubt' and r.letter == TO['doubt'] and code ~= '' then
        r.code = code
        changed(key, row[2])
      end
      answers[i] = r.letter
    end
  end
end
finish(id, now, {head = ARGV[2], tail = ARGV[3], life = ARGV[4]})
for bucket_name, count in pairs(took) do redis.call('HINCRBY', KEYS[8], bucket_name, count) end
return table.concat(answers)
