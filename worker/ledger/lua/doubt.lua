-- Close an account whose requests leave only doubt. An operator's pause is kept, and a block that says more.
-- KEYS: account
-- ARGV: code, words, seconds for which it is closed the first time, most seconds
-- Returns: seconds for which it is closed; 0 when not by this call
-- It is closed twice as long each time, until it has been open for the most seconds. While it is closed, `tried` says
-- that a trial was admitted (admit.lua): without one, another process has found the same doubt a moment ago.
local now, most = tonumber(redis.call('TIME')[1]), tonumber(ARGV[4])
local h = redis.call('HMGET', KEYS[1], 'state', 'tried', 'doubt_pause', 'doubt_at')
local state = h[1] or 'open'
if state ~= 'open' and not (state == 'doubtful' and h[2]) then return 0 end
local pause, before, at = tonumber(ARGV[3]), tonumber(h[3] or ''), tonumber(h[4] or '')
if before and at and now < at + before + most then pause = math.min(2 * before, most) end
redis.call('HSET', KEYS[1], 'state', 'doubtful', 'code', ARGV[1], 'words', ARGV[2], 'until', now + pause,
  'doubt_pause', pause, 'doubt_at', now)
redis.call('HDEL', KEYS[1], 'tried')
if state == 'open' then redis.call('HSET', KEYS[1], 'since', now) end
return pause
