-- The last step before the wire: queued|deferred -> in_flight for the messages of some requests of one campaign.
-- KEYS: campaign, counts, reasons, active, queue, due, uncertain, suppression list, then records per chunk
-- ARGV: campaign id, its version ('': any), lease (s), reference life (s), grace before a doubtful submission is
--       looked up (s), prefix of reference keys, then the requests as JSON:
--       [reference, 1 when the provider is told it, fence key ('': none), fence (ms)], and
--       their messages as JSON: [chunk, place, MSISDN, number of the request from 1]
-- Returns: per message the attempt (1, 2, …) when it was claimed, else 'gone' | 'cancelled' | 'expired' | 'paused'
--          | 'early' | 'held' | 'doubt' | 'done' | 'fenced' | 'suppressed'
--          | 'changed' (the id is another campaign's by now)
local id, lease, life, refs = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[6]
local requests, rows = cjson.decode(ARGV[7]), cjson.decode(ARGV[8])
local now, now_ms = clock()
local c = redis.call('HMGET', CAMPAIGN, 'state', 'not_after', 'token', 'created_at')
campaign_state = c[1]
local is_other = ARGV[2] ~= '' and c[1] and (c[3] or c[4] or '') ~= ARGV[2]
local not_after = tonumber(c[2] or '') or 0
local due, uncertain = KEYS[6], KEYS[7]
local look_at, now_ms_text = text(now + tonumber(ARGV[5])), text(now_ms)
local lease_end, visible_at = text(now + lease), text((now + lease) * 1000 + 500)

local function suppressed()
  local wanted, found = {}, {}
  for _, row in ipairs(rows) do if row[3] ~= '' then wanted[#wanted + 1] = row[3] end end
  if #wanted == 0 or redis.call('EXISTS', KEYS[8]) == 0 then return found end
  for i, entry in ipairs(redis.call('HMGET', KEYS[8], unpack(wanted))) do
    if entry then found[wanted[i]] = true end
  end
  return found
end

-- Nobody knows whether it left: its claim has died. A reference lives from its claim on.
local function doubt(r, job, address)
  local claimed_at = tonumber(r.changed)
  move(r, 'doubt')
  r.code = 'volley.claim_died'
  list(uncertain, job, now_text)
  if r.reference ~= '' then
    list(due, r.reference, look_at)
    name(refs, r.reference, id, address, claimed_at + life - now)
  end
  end_job(job)
end

local function fenced(request)
  if request.fenced == nil then
    request.fenced = request[4] > 0 and math.max(0, redis.call('PTTL', request[3])) or 0
  end
  return request.fenced
end

local is_suppressed = suppressed()

-- The answer, and whether the record changed.
local function try(r, job, address, msisdn, request)
  if is_other then lease_job(job, now_ms_text) return 'changed' end
  if not r then end_job(job) return 'gone' end
  -- sent again, this claim names all of its messages again: also those that were moved meanwhile
  if request[2] == 1 and r.reference == request[1] then name(refs, request[1], id, address, life, false) end
  if r.letter == 'f' then
    local due_at = tonumber(r.due)
    if due_at > now and r.reference == request[1] then  -- this claim, sent again, perhaps with more messages than before
      return tonumber(r.attempts)
    end
    if due_at > now then lease_job(job, text(due_at * 1000 + 500)) return 'held' end
    doubt(r, job, address)
    return 'doubt', true
  end
  if not waits(r) then end_job(job) return 'done' end
  if campaign_state == 'cancelled' then move(r, 'cancel') end_job(job) return 'cancelled', true end
  if not_after > 0 and now >= not_after then
    move(r, 'expire')
    r.code = 'volley.past_validity'
    count_reason(r.code)
    end_job(job)
    return 'expired', true
  end
  if is_suppressed[msisdn] then
    move(r, 'suppress')
    r.code = 'volley.suppressed'
    count_reason(r.code)
    end_job(job)
    return 'suppressed', true
  end
  if campaign_state ~= 'running' then end_job(job) return 'paused' end
  if r.due ~= '0' and tonumber(r.due) > now then lease_job(job, r.due .. '000') return 'early' end
  if fenced(request) > 0 then lease_job(job, text(now_ms + request.fenced)) return 'fenced' end
  local attempt = tonumber(r.attempts) + 1
  move(r, 'claim')
  r.attempts = text(attempt)
  r.due = lease_end
  r.reference = request[1]
  lease_job(job, visible_at)
  request.is_claimed = true
  if request[2] == 1 then name(refs, request[1], id, address, life, false) end
  return attempt, true
end

local key_of, answers = read_rows(rows, 9), {}
for i, row in ipairs(rows) do
  local address, request = row[1] .. '.' .. row[2], requests[row[4]]
  local answer, is_changed = try(record_at(key_of[row[1]], row[2]), id .. '/' .. address, address, row[3], request)
  if is_changed then changed(key_of[row[1]], row[2]) end
  answers[i] = answer
  local following = rows[i + 1]
  if request.is_claimed and request[4] > 0 and not (following and following[4] == row[4]) then
    redis.call('SET', request[3], request[1], 'PX', request[4])
  end
end
finish(id, now)
return answers
