-- Take a member out of its group and free the partitions that it still holds.
--
-- KEYS  the group's members; then the lease of every partition of the topic.
-- ARGV  the member's token.
local token = ARGV[1]
redis.call('ZREM', KEYS[1], token)
for index = 2, #KEYS do
  if redis.call('GET', KEYS[index]) == token then
    redis.call('DEL', KEYS[index])
  end
end
return redis.status_reply('OK')
