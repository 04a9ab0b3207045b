-- Take back a campaign that never finished loading.
-- KEYS: campaign, chunks
-- ARGV: token
-- Returns: 1 when it was ours to take back
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] or redis.call('HGET', KEYS[1], 'state') ~= 'loading' then
  return 0
end
redis.call('UNLINK', KEYS[1], KEYS[2])
return 1
