-- Make the jobs that a chunk's open messages should have and do not: after resume, and to repair.
-- KEYS: campaign, counts, reasons, active, queue, records of the chunk
-- ARGV: campaign id, chunk, body head, body tail, body life (s)
-- Returns: how many jobs were missing
local id = ARGV[1]
local now, now_ms = clock()
local is_paused = redis.call('HGET', CAMPAIGN, 'state') == 'paused'  -- then only claims keep their jobs
local jobs, bodies, at = {}, {}, {}
for place, r in pairs(read_all_records(KEYS[6])) do
  if r.letter == 'f' or not is_paused and waits(r) then
    jobs[#jobs + 1] = id .. '/' .. ARGV[2] .. '.' .. place
    bodies[#bodies + 1] = JOB_PREFIX .. jobs[#jobs]
    at[#at + 1] = r.due ~= '0' and r.due .. '000' or text(now_ms)
  end
end
if #jobs == 0 then return 0 end
local scores, missing = redis.call('ZMSCORE', QUEUE, unpack(jobs)), 0
local is_whole = redis.call('EXISTS', unpack(bodies)) == #bodies
for i, job in ipairs(jobs) do
  if not scores[i] then missing = missing + 1 end
  if not scores[i] or not is_whole then started[job] = scores[i] or at[i] end
end
write_jobs({head = ARGV[3], tail = ARGV[4], life = ARGV[5]})
return missing
