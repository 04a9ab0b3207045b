-- Move messages by evidence, policy, a person or time: reports, lookups, decisions, validity.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, then records per chunk
-- ARGV: campaign id, body head, body tail, body life (s), then per message as JSON:
--       [chunk, place, event, reference ('': whichever), code, seconds until the next attempt or look]
-- Returns: one letter per message: the one it now has, upper case when this call moved it, '-' when there is none,
--          '~' when the reference is of another attempt
local id = ARGV[1]
local rows = cjson.decode(ARGV[5])
local now, now_ms = clock()
local due, uncertain = KEYS[6], KEYS[7]

local function follow(r, job, seconds, was)
  if was == 'n' and r.letter ~= 'n' then list(uncertain, job, false) end
  if waits(r) then
    if seconds > 0 then r.due = text(now + seconds) end
    start_job(job, text(now_ms + seconds * 1000))
    return
  end
  if was == 'q' or was == 'w' or was == 'f' then end_job(job) end
  if r.letter == 's' or r.letter == 'e' then
    if r.reference ~= '' then list(due, r.reference, seconds == 0 and now_text or text(now + seconds)) end
  elseif r.letter ~= 'd' then
    count_reason(r.code)
  end
end

local key_of, answers = read_rows(rows, 8), {}
for i, row in ipairs(rows) do
  local key, event, reference, code = key_of[row[1]], row[3], row[4], row[5]
  local r = record_at(key, row[2])
  if not r then
    answers[i] = '-'
  elseif reference ~= '' and r.reference ~= reference then
    answers[i] = '~'
  else
    local was = r.letter
    if move(r, event) then
      if code ~= '' then r.code = code end
      follow(r, id .. '/' .. row[1] .. '.' .. row[2], row[6], was)
      changed(key, row[2])
      answers[i] = string.upper(r.letter)
    else
      answers[i] = r.letter
    end
  end
end
finish(id, now, {head = ARGV[2], tail = ARGV[3], life = ARGV[4]})
return table.concat(answers)
