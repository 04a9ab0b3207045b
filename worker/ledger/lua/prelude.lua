-- Shared head of every ledger script. Before it, the loader puts the tables WORD (letter -> state),
-- FROM and TO (event -> letters, letter), FINAL (letters) and JOB_PREFIX, all generated from
-- producer/contract, so that the transition table exists once.

local function clock()
  local t = redis.call('TIME')
  return tonumber(t[1]), tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

local function read_record(records, place)
  local packed = redis.call('HGET', records, place)
  if not packed then return nil end
  local letter, attempts, changed, due, reference, code =
    string.match(packed, '^(%a)|(%d+)|(%d+)|(%d+)|([^|]*)|([^|]*)')
  if not letter then return nil end
  return {
    letter = letter, attempts = tonumber(attempts), changed = tonumber(changed),
    due = tonumber(due), reference = reference, code = code,
  }
end

local function write_record(records, place, r)
  redis.call('HSET', records, place, table.concat({
    r.letter, string.format('%d', r.attempts), string.format('%d', r.changed),
    string.format('%d', r.due), r.reference, r.code}, '|'))
end

-- What this call has moved, by letter; `settle` writes it to the counters once.
local tally = {}

-- KEYS that every script which moves messages begins with.
local CAMPAIGN, COUNTS, REASONS, ACTIVE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local function waits(r)
  return r.letter == 'q' or r.letter == 'w'
end

-- Move a record by an event. False where the table does not list the event for its state. What would
-- wait again in a cancelled campaign is cancelled in the same step: the feeder has closed it already.
local function move(r, event, now)
  if not string.find(FROM[event], r.letter, 1, true) then return false end
  tally[r.letter] = (tally[r.letter] or 0) - 1
  r.letter = TO[event]
  if waits(r) and redis.call('HGET', CAMPAIGN, 'state') == 'cancelled' then r.letter = TO['cancel'] end
  tally[r.letter] = (tally[r.letter] or 0) + 1
  r.changed = now
  r.due = 0
  return true
end

-- Write the counters; close the campaign when, and only when, no recipient is left in another state.
local function settle(campaign_id, now)
  local ended = false
  for letter, change in pairs(tally) do
    if change ~= 0 then
      redis.call('HINCRBY', COUNTS, WORD[letter], change)
      if change > 0 and string.find(FINAL, letter, 1, true) then ended = true end
    end
  end
  if not ended then return end
  local c = redis.call('HMGET', CAMPAIGN, 'state', 'total', 'kind')
  if c[3] == 'single' or not (c[1] == 'running' or c[1] == 'paused' or c[1] == 'cancelled') then return end
  local final = 0
  for i = 1, #FINAL do
    final = final + tonumber(redis.call('HGET', COUNTS, WORD[string.sub(FINAL, i, i)]) or 0)
  end
  if final >= tonumber(c[2] or 0) then
    redis.call('HSET', CAMPAIGN, 'finished_at', now)
    if c[1] ~= 'cancelled' then redis.call('HSET', CAMPAIGN, 'state', 'finished') end
    redis.call('ZREM', ACTIVE, campaign_id)
  end
end

local function count_reason(code)
  if code ~= '' then redis.call('HINCRBY', REASONS, code, 1) end
end

-- arq: a job is a member of the queue (score: when it may be taken, ms) and a body under its own key.
local function length_bytes(n)
  return string.char(n % 256, math.floor(n / 256) % 256, math.floor(n / 65536) % 256, math.floor(n / 16777216) % 256)
end

local function start_job(queue, id, at_ms, head, tail, life)
  redis.call('ZADD', queue, 'NX', at_ms, id)
  redis.call('SET', JOB_PREFIX .. id, head .. 'X' .. length_bytes(#id) .. id .. tail, 'EX', life, 'NX')
end

local function end_job(queue, id)
  redis.call('ZREM', queue, id)
  redis.call('DEL', JOB_PREFIX .. id)
end
