-- Open a campaign for loading. The newest submit of an id that is still loading wins.
-- KEYS: campaign, chunks
-- ARGV: campaign id, spec, digest, token, now, life while loading (s), not after (unix s, '' for none), kind, account
-- Returns: 'new' | 'same' (already submitted, alike) | 'other' (the id is another campaign's)
local state = redis.call('HGET', KEYS[1], 'state')
if state and state ~= 'loading' then
  if redis.call('HGET', KEYS[1], 'digest') == ARGV[3] then return 'same' end
  return 'other'
end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[1], 'state', 'loading', 'spec', ARGV[2], 'digest', ARGV[3], 'token', ARGV[4],
  'created_at', ARGV[5], 'not_after', ARGV[7], 'kind', ARGV[8], 'account', ARGV[9])
redis.call('EXPIRE', KEYS[1], ARGV[6])
return 'new'
