-- Add to what a campaign's messages cost, while there is such a campaign.
-- KEYS: campaign, spent
-- ARGV: cost (millionths), of how many messages
-- Returns: 1, or 0 when there is no such campaign (any more)
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HINCRBY', KEYS[2], 'cost', ARGV[1])
redis.call('HINCRBY', KEYS[2], 'messages', ARGV[2])
return 1
