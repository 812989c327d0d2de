-- A member's heartbeat: renew its leases and, where asked, take or give up partitions so that it
-- holds its fair share of them.
--
-- KEYS  the group's members (sorted set: token -> last heartbeat, ms); the topic's groups (sorted
--       set: group -> last seen, ms; +inf where it is never forgotten); the group's offsets
--       (hash: partition -> position of the last consumed message); the lease of each partition.
-- ARGV  the member's token; the lease in ms; the group; 1 to settle the shares, 0 to renew only.
--
-- Returns the partitions held, each followed by the group's offset in it and by 1 if its lease was
-- this member's before. Time is the server's, so the clocks of the members do not matter.
local members, groups, offsets = KEYS[1], KEYS[2], KEYS[3]
local partition_count = #KEYS - 3
local token, lease_ms, group, settles = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4] == '1'

local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local now_text = string.format('%.0f', now_ms)
redis.call('ZREMRANGEBYSCORE', members, '-inf', string.format('%.0f', now_ms - lease_ms))
redis.call('ZADD', members, now_text, token)
redis.call('ZADD', groups, 'GT', now_text, group)

local held, free, is_kept = {}, {}, {}
for partition = 0, partition_count - 1 do
  local lease = KEYS[partition + 4]
  local owner = redis.call('GET', lease)
  if owner == token then
    redis.call('PEXPIRE', lease, lease_ms)
    held[#held + 1] = partition
    is_kept[partition] = 1
  elseif not owner then
    free[#free + 1] = partition
  end
end

if settles then
  -- Everybody counts the same members in the same order, so the shares add up to the whole.
  local tokens = redis.call('ZRANGE', members, 0, -1)
  table.sort(tokens)
  local share = math.floor(partition_count / #tokens)
  for rank = 1, partition_count % #tokens do
    if tokens[rank] == token then
      share = share + 1
    end
  end
  while #held > share do
    redis.call('DEL', KEYS[table.remove(held) + 4])
  end
  while #held < share and #free > 0 do
    local partition = table.remove(free, 1)
    redis.call('SET', KEYS[partition + 4], token, 'PX', lease_ms)
    held[#held + 1] = partition
  end
end

local reply = {}
for _, partition in ipairs(held) do
  reply[#reply + 1] = partition
  reply[#reply + 1] = redis.call('HGET', offsets, partition) or '0'
  reply[#reply + 1] = is_kept[partition] or 0
end
return reply
