-- Pause or resume an account for an operator. A block that it was under is forgotten: the next request finds it again.
-- KEYS: account
-- ARGV: 'pause' or 'resume', who
-- Returns: the state before, the state after
local before = redis.call('HGET', KEYS[1], 'state') or 'open'
if ARGV[1] == 'pause' then
  if before ~= 'paused' then
    redis.call('HSET', KEYS[1], 'state', 'paused', 'since', redis.call('TIME')[1], 'paused_by', ARGV[2])
    redis.call('HDEL', KEYS[1], 'code', 'words', 'until')
  end
  return {before, 'paused'}
end
if before ~= 'paused' then return {before, before} end
redis.call('HSET', KEYS[1], 'state', 'open')
redis.call('HDEL', KEYS[1], 'paused_by')
return {before, 'open'}
