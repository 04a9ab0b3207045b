-- Store chunks of a campaign that is loading.
-- KEYS: campaign, chunks
-- ARGV: token, life while loading (s), then chunk number and data per chunk
-- Returns: 1, or 0 when another submit has taken the campaign over (nothing is stored)
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] or redis.call('HGET', KEYS[1], 'state') ~= 'loading' then
  return 0
end
for i = 3, #ARGV, 2 do redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
return 1
