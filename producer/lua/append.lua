-- Add one chunk of new recipients to a campaign that is visible already, or say which are not new: one step.
-- KEYS: campaign, chunks, counts, active, then the shard of each recipient
-- ARGV: campaign id, now, data, segments, then the MSISDN of each recipient
-- Returns: {} when stored, else the positions (from 0) of recipients that the campaign has already;
--          a text when it cannot be added to ('cancelled', 'gone', 'unseen': the seen sets are not made yet)
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'loading' then return 'gone' end
if state == 'cancelled' then return state end
if redis.call('HEXISTS', KEYS[1], 'shards') == 0 then return 'unseen' end
local count, known = #ARGV - 4, {}
for i = 1, count do
  if redis.call('SISMEMBER', KEYS[4 + i], ARGV[4 + i]) == 1 then known[#known + 1] = i - 1 end
end
if #known > 0 then return known end
for i = 1, count do redis.call('SADD', KEYS[4 + i], ARGV[4 + i]) end
local chunk = redis.call('HINCRBY', KEYS[1], 'chunks', 1) - 1
redis.call('HSET', KEYS[2], chunk, ARGV[3])
redis.call('HINCRBY', KEYS[1], 'total', count)
redis.call('HINCRBY', KEYS[1], 'segments', ARGV[4])
redis.call('HINCRBY', KEYS[3], 'queued', count)
redis.call('ZADD', KEYS[4], ARGV[2], ARGV[1])
if state == 'finished' then
  redis.call('HSET', KEYS[1], 'state', 'running')
  redis.call('HDEL', KEYS[1], 'finished_at')
end
return {}
