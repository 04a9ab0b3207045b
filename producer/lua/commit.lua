-- Make a loaded campaign visible: from here on it is fed and counted.
-- KEYS: campaign, chunks, counts, campaigns, active, refusals
-- ARGV: token, campaign id, total, chunks, refused, duplicates, segments, now, then refusals
-- Returns: 1 (also when it is sent again), or 0 when another submit has taken the campaign over
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[1], 'state') ~= 'loading' then return 1 end
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
redis.call('HSET', KEYS[1], 'state', 'running', 'total', ARGV[3], 'chunks', ARGV[4], 'fed', 0, 'fed_place', 0,
  'registered', 0, 'refused', ARGV[5], 'duplicates', ARGV[6], 'segments', ARGV[7])
redis.call('DEL', KEYS[3], KEYS[6])
redis.call('HSET', KEYS[3], 'queued', ARGV[3])
redis.call('ZADD', KEYS[4], ARGV[8], ARGV[2])
redis.call('ZADD', KEYS[5], ARGV[8], ARGV[2])
for i = 9, #ARGV do redis.call('RPUSH', KEYS[6], ARGV[i]) end
return 1
