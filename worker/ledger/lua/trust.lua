-- Open an account that was closed for doubt: its answers can be read again.
-- KEYS: account
-- ARGV: seconds for which it must have been due for a trial, and had none (0: the trial it had went well)
-- Returns: 1 when it was closed for doubt until now; any other block, and an operator's pause, is kept
local h = redis.call('HMGET', KEYS[1], 'state', 'until')
if h[1] ~= 'doubtful' then return 0 end
local untried = tonumber(ARGV[1])
if untried > 0 and tonumber(redis.call('TIME')[1]) < tonumber(h[2]) + untried then return 0 end
redis.call('HSET', KEYS[1], 'state', 'open')
redis.call('HDEL', KEYS[1], 'tried')
return 1
