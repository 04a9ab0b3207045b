-- Shared head of every ledger script. Before it, the loader puts the tables WORD (letter -> state),
-- FROM and TO (event -> letters, letter), FINAL (letters) and JOB_PREFIX, all generated from
-- producer/contract, so that the transition table exists once.
-- A script decides first and writes last: what it changes is gathered, and `finish` writes it with one command
-- for each kind and key. The first of them may be refused for want of memory; then nothing at all was written.

-- Numbers stay text wherever nobody reckons with them: to make text of a number is the dearest thing Lua does here.
local function text(number)
  return string.format('%d', number)
end

local now_text
local function clock()
  local t = redis.call('TIME')
  now_text = t[1]
  return tonumber(t[1]), tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
end

-- KEYS that every script which moves messages begins with.
local CAMPAIGN, COUNTS, REASONS, ACTIVE, QUEUE = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

-- Records: read by chunk, changed in memory, written by chunk. Every field of a record is text.
local books = {}

local function book(key)
  books[key] = books[key] or {rows = {}, changed = {}}
  return books[key]
end

local function unpacked(packed)
  local letter, attempts, changed, due, reference, code =
    string.match(packed, '^(%a)|(%d+)|(%d+)|(%d+)|([^|]*)|([^|]*)')
  if not letter then return nil end
  return {letter = letter, attempts = attempts, changed = changed, due = due, reference = reference, code = code}
end

-- Read the records of one chunk at `places` (text), all in one command.
local function read_records(key, places)
  local rows, packed = book(key).rows, redis.call('HMGET', key, unpack(places))
  for i, place in ipairs(places) do rows[place] = packed[i] and unpacked(packed[i]) or nil end
end

local function read_all_records(key)
  local rows, flat = book(key).rows, redis.call('HGETALL', key)
  for i = 1, #flat, 2 do rows[flat[i]] = unpacked(flat[i + 1]) end
  return rows
end

-- Read what a script was given as rows of {chunk, place, …} (text both); KEYS from `first` on are the records of the chunks
-- in the order in which the rows name them. Gives the records key of a chunk.
local function read_rows(rows, first)
  local places, order = {}, {}
  for _, row in ipairs(rows) do
    if not places[row[1]] then
      places[row[1]] = {}
      order[#order + 1] = row[1]
    end
    local of_chunk = places[row[1]]
    of_chunk[#of_chunk + 1] = row[2]
  end
  local key_of = {}
  for i, chunk in ipairs(order) do
    key_of[chunk] = KEYS[first + i - 1]
    read_records(key_of[chunk], places[chunk])
  end
  return key_of
end

local function record_at(key, place)
  return books[key].rows[place]
end

local function changed(key, place)
  books[key].changed[place] = true
end

-- What this call has moved, by letter.
local tally = {}

local campaign_state
local function is_cancelled()
  if campaign_state == nil then campaign_state = redis.call('HGET', CAMPAIGN, 'state') end
  return campaign_state == 'cancelled'
end

local function waits(r)
  return r.letter == 'q' or r.letter == 'w'
end

-- Move a record by an event. False where the table does not list the event for its state. What would
-- wait again in a cancelled campaign is cancelled in the same step: the feeder has closed it already.
local function move(r, event)
  if not string.find(FROM[event], r.letter, 1, true) then return false end
  tally[r.letter] = (tally[r.letter] or 0) - 1
  r.letter = TO[event]
  if waits(r) and is_cancelled() then r.letter = TO['cancel'] end
  tally[r.letter] = (tally[r.letter] or 0) + 1
  r.changed = now_text
  r.due = '0'
  return true
end

local reasons = {}
local function count_reason(code)
  if code ~= '' then reasons[code] = (reasons[code] or 0) + 1 end
end

-- References: which messages a submission is about. Hashes of up to a hundred neighbours where the provider counts.
local function bucket(prefix, reference)
  if #reference > 2 and string.find(reference, '^%d+$') then return prefix .. string.sub(reference, 1, -3) .. '..' end
  return prefix .. reference
end

local function with_address(known, id, address)
  if not known or string.match(known, '^([^|]*)|') ~= id then return id .. '|' .. address end
  if string.find(',' .. string.match(known, '|(.*)$') .. ',', ',' .. address .. ',', 1, true) then return known end
  return known .. ',' .. address
end

local function without_address(known, address)
  local id, left = string.match(known, '^([^|]*)|'), {}
  for other in string.gmatch(string.match(known, '|(.*)$'), '[^,]+') do
    if other ~= address then left[#left + 1] = other end
  end
  return #left > 0 and id .. '|' .. table.concat(left, ',') or nil
end

local named = {}
-- Make a reference known for a message, beside others that it is known for; forgotten `life` seconds from now.
local function name(prefix, reference, id, address, life, known)
  local key = bucket(prefix, reference)
  named[key] = named[key] or {life = life, values = {}}
  local b = named[key]
  if known == nil and b.values[reference] == nil then known = redis.call('HGET', key, reference) or nil end
  b.life = math.max(b.life, life)
  b.values[reference] = with_address(b.values[reference] or known, id, address)
end

-- arq: a job is a member of the queue (score: when it may be taken, ms, as text) and a body under its own key.
local leased, ended, started = {}, {}, {}

local function length_bytes(n)
  return string.char(n % 256, math.floor(n / 256) % 256, math.floor(n / 65536) % 256, math.floor(n / 16777216) % 256)
end

local function start_job(job, at_ms)
  ended[job], leased[job] = nil, nil
  started[job] = at_ms
end

local function end_job(job)
  leased[job], started[job] = nil, nil
  ended[job] = true
end

-- Visible again at that time; only where the job is there.
local function lease_job(job, at_ms)
  leased[job] = at_ms
end

-- Sorted sets of the account: a score (text) adds (the first one stays), false removes.
local listed = {}

local function list(key, member, score)
  listed[key] = listed[key] or {}
  listed[key][member] = score
end

local MOST = 1000  -- arguments of one command: what Lua can unpack is bounded

local function in_parts(command, key, flat, option)
  for start = 1, #flat, MOST do
    local last = math.min(start + MOST - 1, #flat)
    if option then redis.call(command, key, option, unpack(flat, start, last))
    else redis.call(command, key, unpack(flat, start, last)) end
  end
end

local function write_records()
  for key, b in pairs(books) do
    local flat = {}
    for place in pairs(b.changed) do
      local r = b.rows[place]
      flat[#flat + 1] = place
      flat[#flat + 1] = r.letter .. '|' .. r.attempts .. '|' .. r.changed .. '|' .. r.due .. '|' .. r.reference .. '|' .. r.code
    end
    in_parts('HSET', key, flat)
  end
end

local function write_references()
  for key, b in pairs(named) do
    local flat = {}
    for reference, value in pairs(b.values) do
      flat[#flat + 1] = reference
      flat[#flat + 1] = value
    end
    in_parts('HSET', key, flat)
    redis.call('EXPIRE', key, string.format('%d', math.max(b.life, 60)))
  end
end

local function write_jobs(body)
  local again, flat = {}, {}
  for job, at in pairs(started) do
    flat[#flat + 1] = at
    flat[#flat + 1] = job
    again[#again + 1] = job
    redis.call('SET', JOB_PREFIX .. job, body.head .. 'X' .. length_bytes(#job) .. job .. body.tail, 'EX', body.life, 'NX')
  end
  in_parts('ZADD', QUEUE, flat)
  flat = {}
  for job, at in pairs(leased) do
    flat[#flat + 1] = at
    flat[#flat + 1] = job
  end
  in_parts('ZADD', QUEUE, flat, 'XX')
  local members, bodies = {}, {}
  for job in pairs(ended) do
    members[#members + 1] = job
    bodies[#bodies + 1] = JOB_PREFIX .. job
  end
  in_parts('ZREM', QUEUE, members)
  for start = 1, #bodies, MOST do redis.call('DEL', unpack(bodies, start, math.min(start + MOST - 1, #bodies))) end
end

local function write_lists()
  for key, members in pairs(listed) do
    local added, removed = {}, {}
    for member, score in pairs(members) do
      if score then
        added[#added + 1] = score
        added[#added + 1] = member
      else
        removed[#removed + 1] = member
      end
    end
    in_parts('ZADD', key, added, 'NX')
    in_parts('ZREM', key, removed)
  end
end

-- Write the counters; close the campaign when, and only when, no recipient is left in another state.
local function settle(campaign_id, now)
  for code, count in pairs(reasons) do redis.call('HINCRBY', REASONS, code, count) end
  local is_ending = false
  for letter, change in pairs(tally) do
    if change ~= 0 then
      redis.call('HINCRBY', COUNTS, WORD[letter], change)
      if change > 0 and string.find(FINAL, letter, 1, true) then is_ending = true end
    end
  end
  if not is_ending then return end
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

-- Write everything this call has decided. `body` (head, tail, life): of the jobs that it starts.
local function finish(campaign_id, now, body)
  write_records()
  write_references()
  write_jobs(body)
  write_lists()
  settle(campaign_id, now)
end
