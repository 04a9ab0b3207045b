-- Make the jobs that a chunk's open messages should have and do not: after resume, and to repair.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk
-- ARGV: campaign id, chunk, body head, body tail, body life (s)
-- Returns: how many jobs were missing
local id = ARGV[1]
local now, now_ms = clock()
local missing = 0
local paused = redis.call('HGET', CAMPAIGN, 'state') == 'paused'  -- then only claims keep their jobs
local all = redis.call('HGETALL', KEYS[6])
for i = 1, #all, 2 do
  local letter, due = string.match(all[i + 1], '^(%a)|%d+|%d+|(%d+)|')
  if letter == 'f' or not paused and (letter == 'q' or letter == 'w') then
    local job = id .. '/' .. ARGV[2] .. '.' .. all[i]
    local at = now_ms
    if tonumber(due) > 0 then at = tonumber(due) * 1000 end
    if not redis.call('ZSCORE', KEYS[5], job) then missing = missing + 1 end
    start_job(KEYS[5], job, at, ARGV[3], ARGV[4], ARGV[5])
  end
end
return missing
