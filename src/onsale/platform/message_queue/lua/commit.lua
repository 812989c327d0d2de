-- Move the group's offsets forward in partitions that the member still holds.
--
-- KEYS  the group's offsets (hash: partition -> position of the last consumed message); then the
--       lease of each partition to commit.
-- ARGV  the member's token; then a partition and a position for each of those leases.
--
-- Returns the partitions that were refused because the lease is no longer the member's: a member
-- that slept past its lease can neither move an offset nor set it back.
local offsets, token = KEYS[1], ARGV[1]
local refused = {}
for index = 2, #KEYS do
  local partition, position = ARGV[2 * index - 2], ARGV[2 * index - 1]
  if redis.call('GET', KEYS[index]) ~= token then
    refused[#refused + 1] = tonumber(partition)
  elseif tonumber(position) > tonumber(redis.call('HGET', offsets, partition) or '0') then
    redis.call('HSET', offsets, partition, position)
  end
end
return refused
