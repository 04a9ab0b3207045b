-- Put the MSISDNs of one chunk into the campaign's sets of who is in it, if the chunk is still as it was read.
-- KEYS: chunks, then the shard of each recipient
-- ARGV: number of the chunk, its data, then the MSISDN of each recipient
-- Returns: 1, or 0 when it is another by now (somebody was forgotten meanwhile; nothing is written)
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
for i = 2, #KEYS do redis.call('SADD', KEYS[i], ARGV[i + 1]) end
return 1
