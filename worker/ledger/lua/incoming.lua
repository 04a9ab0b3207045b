-- Hand an incoming message on, exactly once, and put a sender who said stop on the suppression list: one step.
-- KEYS: incoming seen (zset), incoming (stream), suppression list (hash)
-- ARGV: identities joined by a newline (any of them seen before: nothing is done), now (s), forget before (s),
--       stream length, suppression entry ('': the text is no stop word), MSISDN, then field and value pairs
-- Returns: the stream id, or '' when it was handed on before
for identity in string.gmatch(ARGV[1], '[^\n]+') do
  if redis.call('ZSCORE', KEYS[1], identity) then return '' end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
for identity in string.gmatch(ARGV[1], '[^\n]+') do redis.call('ZADD', KEYS[1], ARGV[2], identity) end
if ARGV[5] ~= '' then redis.call('HSETNX', KEYS[3], ARGV[6], ARGV[5]) end
return redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', unpack(ARGV, 7))
