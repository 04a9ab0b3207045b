-- One urgent message, whole: its place in the day's gathering campaign, recipient, record and job.
-- KEYS: campaign, chunks, counts, campaigns, queue, once
-- ARGV: campaign id, spec, account, recipient data, prefix of record keys, caller's key life (s), job prefix,
--       body head, body tail, body life (s), segments
-- Returns: {message id, 1 when it is new and 0 when the caller's key was used before}
-- Time is Redis' own: by a producer's clock that is ahead, the job would not be due for so long.
local known = redis.call('GET', KEYS[6])
if known then return {known, 0} end
local t = redis.call('TIME')
local now, now_ms = t[1], string.format('%.0f', tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000))
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'state', 'running', 'spec', ARGV[2], 'created_at', now, 'kind', 'single',
    'account', ARGV[3], 'digest', '', 'not_after', '')
  redis.call('ZADD', KEYS[4], now, ARGV[1])
end
local chunk = redis.call('HINCRBY', KEYS[1], 'chunks', 1) - 1
redis.call('HSET', KEYS[1], 'fed', chunk + 1, 'fed_place', 0)
redis.call('HINCRBY', KEYS[1], 'total', 1)
redis.call('HINCRBY', KEYS[1], 'segments', ARGV[11])
redis.call('HINCRBY', KEYS[1], 'registered', 1)
redis.call('HSET', KEYS[2], chunk, ARGV[4])
redis.call('HINCRBY', KEYS[3], 'queued', 1)
redis.call('HSET', ARGV[5] .. chunk, 0, 'q|0|' .. now .. '|0||')
local id = ARGV[1] .. '/' .. chunk .. '.0'
local n = #id
redis.call('SET', ARGV[7] .. id,
  ARGV[8] .. 'X' .. string.char(n % 256, math.floor(n / 256), 0, 0) .. id .. ARGV[9], 'EX', ARGV[10])
redis.call('ZADD', KEYS[5], now_ms, id)
redis.call('SET', KEYS[6], id, 'EX', ARGV[6])
return {id, 1}
