-- Pause, resume or cancel a campaign. The feeder sees the flag within a tick, the claim at once.
-- KEYS: campaign, active
-- ARGV: campaign id, action ('pause' | 'resume' | 'cancel'), now
-- Returns: the campaign's state afterwards, and 1 when the action changed it ({'gone', 0}: there is none)
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'loading' then return {'gone', 0} end
local action = ARGV[2]
redis.call('ZREM', KEYS[2], '')  -- changes nothing: a full Redis refuses a script whose first write needs room, and a
-- campaign must be paused and cancelled there, too
if action == 'pause' and state == 'running' then
  redis.call('HSET', KEYS[1], 'state', 'paused')
  return {'paused', 1}
elseif action == 'resume' and state == 'paused' then
  redis.call('HSET', KEYS[1], 'state', 'running', 'requeue', 1)
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  return {'running', 1}
elseif action == 'cancel' and (state == 'running' or state == 'paused') then
  redis.call('HSET', KEYS[1], 'state', 'cancelled')
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  return {'cancelled', 1}
end
return {state, 0}
