-- Close an account to sending. An operator's pause is kept.
-- KEYS: account
-- ARGV: state ('money' | 'credentials' | 'address' | 'unreachable'), code, words, seconds until it is tried again
-- Returns: 1 when the account was open until now
local t = redis.call('TIME')
local now = tonumber(t[1])
local state = redis.call('HGET', KEYS[1], 'state')
if state == 'paused' then return 0 end
-- a request that was on its way when the block came may find nobody: that must not open the account in seconds
if ARGV[1] == 'unreachable' and state and state ~= 'open' and state ~= 'unreachable' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'code', ARGV[2], 'words', ARGV[3], 'until', now + tonumber(ARGV[4]))
if state and state ~= 'open' then return 0 end
redis.call('HSET', KEYS[1], 'since', now)
return 1
