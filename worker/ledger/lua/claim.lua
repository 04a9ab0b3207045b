-- The last step before the wire: queued|deferred -> in_flight for the messages of one request.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, reference, fence, suppression list, then records per message
-- ARGV: campaign id, lease (s), reference ('': the provider gives one), reference life (s), fence (ms, 0: none),
--       grace before a doubtful submission is looked up (s), the campaign's version ('': any), then chunk, place and MSISDN per message
-- Returns: per message 'claimed <attempts>' | 'gone' | 'cancelled' | 'expired' | 'paused' | 'early' | 'held'
--          | 'doubt' | 'done' | 'fenced' | 'suppressed'
--          | 'changed' (the id is another campaign's by now)
local id, lease, reference = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local now, now_ms = clock()
local c = redis.call('HMGET', CAMPAIGN, 'state', 'not_after', 'token', 'created_at')
local changed = ARGV[7] ~= '' and c[1] and (c[3] or c[4] or '') ~= ARGV[7]
local state, not_after = c[1], tonumber(c[2] or '') or 0
local queue, due, uncertain = KEYS[5], KEYS[6], KEYS[7]

local fenced = 0
if tonumber(ARGV[5]) > 0 then
  fenced = redis.call('PTTL', KEYS[9])
  if fenced < 0 then fenced = 0 end
end

local function doubt(r, job)
  move(r, 'doubt', now)
  r.code = 'volley.claim_died'
  redis.call('ZADD', uncertain, now, job)
  if r.reference ~= '' then redis.call('ZADD', due, 'NX', now + tonumber(ARGV[6]), r.reference) end
  end_job(queue, job)
end

local function try(r, job, msisdn)
  if changed then redis.call('ZADD', queue, 'XX', now_ms, job) return 'changed' end
  if not r then end_job(queue, job) return 'gone' end
  if r.letter == 'f' then
    if r.due > now and reference ~= '' and r.reference == reference then  -- this claim, sent again
      return 'claimed ' .. string.format('%d', r.attempts)
    end
    if r.due > now then redis.call('ZADD', queue, 'XX', r.due * 1000 + 500, job) return 'held' end
    doubt(r, job)
    return 'doubt'
  end
  if not waits(r) then end_job(queue, job) return 'done' end
  if state == 'cancelled' then move(r, 'cancel', now) end_job(queue, job) return 'cancelled' end
  if not_after > 0 and now >= not_after then
    move(r, 'expire', now)
    r.code = 'volley.past_validity'
    count_reason(r.code)
    end_job(queue, job)
    return 'expired'
  end
  if msisdn ~= '' and redis.call('HEXISTS', KEYS[10], msisdn) == 1 then
    move(r, 'suppress', now)
    r.code = 'volley.suppressed'
    count_reason(r.code)
    end_job(queue, job)
    return 'suppressed'
  end
  if state ~= 'running' then end_job(queue, job) return 'paused' end
  if r.due > now then redis.call('ZADD', queue, 'XX', r.due * 1000, job) return 'early' end
  if fenced > 0 then redis.call('ZADD', queue, 'XX', now_ms + fenced, job) return 'fenced' end
  move(r, 'claim', now)
  r.attempts = r.attempts + 1
  r.due = now + lease
  r.reference = reference
  redis.call('ZADD', queue, 'XX', r.due * 1000 + 500, job)
  return 'claimed ' .. string.format('%d', r.attempts)
end

local answers, claimed = {}, {}
for i = 0, (#ARGV - 7) / 3 - 1 do
  local address, place = ARGV[8 + i * 3] .. '.' .. ARGV[9 + i * 3], ARGV[9 + i * 3]
  local job = id .. '/' .. address
  local r = read_record(KEYS[11 + i], place)
  local answer = try(r, job, ARGV[10 + i * 3])
  if answer ~= 'gone' and answer ~= 'held' and answer ~= 'done' and answer ~= 'paused'
    and answer ~= 'early' and answer ~= 'fenced' and answer ~= 'changed' then write_record(KEYS[11 + i], place, r) end
  if string.sub(answer, 1, 7) == 'claimed' then claimed[#claimed + 1] = address end
  answers[#answers + 1] = answer
end
if #claimed > 0 then
  if reference ~= '' then redis.call('SET', KEYS[8], id .. '|' .. table.concat(claimed, ','), 'EX', ARGV[4]) end
  if tonumber(ARGV[5]) > 0 then redis.call('SET', KEYS[9], 1, 'PX', ARGV[5]) end
end
settle(id, now)
return answers
