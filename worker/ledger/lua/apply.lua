-- Move messages by evidence, policy, a person or time: reports, lookups, decisions, validity.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, then records per message
-- ARGV: campaign id, body head, body tail, body life (s), then per message:
--       chunk, place, event, reference ('': whichever), code, seconds until the next attempt or look
-- Returns: per message the letter it now has, upper case when this call moved it, '-' when there is none,
--          '~' when the reference is of another attempt
local id = ARGV[1]
local now, now_ms = clock()
local queue, due, uncertain = KEYS[5], KEYS[6], KEYS[7]

local function follow(r, job, seconds)
  if r.letter ~= 'n' then redis.call('ZREM', uncertain, job) end
  if waits(r) then
    if seconds > 0 then r.due = now + seconds end
    redis.call('ZREM', queue, job)
    start_job(queue, job, now_ms + seconds * 1000, ARGV[2], ARGV[3], ARGV[4])
    return
  end
  end_job(queue, job)
  if r.letter == 's' or r.letter == 'e' then
    if r.reference ~= '' then redis.call('ZADD', due, 'NX', now + seconds, r.reference) end
  elseif r.letter ~= 'd' then
    count_reason(r.code)
  end
end

local answers = {}
for i = 0, (#ARGV - 4) / 6 - 1 do
  local a = 5 + i * 6
  local place, reference, code = ARGV[a + 1], ARGV[a + 3], ARGV[a + 4]
  local records = KEYS[8 + i]
  local r = read_record(records, place)
  local answer = '-'
  if r and reference ~= '' and r.reference ~= reference then
    answer = '~'
  elseif r then
    if move(r, ARGV[a + 2], now) then
      if code ~= '' then r.code = code end
      follow(r, id .. '/' .. ARGV[a] .. '.' .. place, tonumber(ARGV[a + 5]))
      write_record(records, place, r)
      answer = string.upper(r.letter)
    else
      answer = r.letter
    end
  end
  answers[#answers + 1] = answer
end
settle(id, now)
return answers
