-- Decides the seat commands of one subsection, in order, against a working copy that each decision
-- updates, and then writes what changed: the bitmap, the answers, the counters.
--
-- KEYS[1] layout    "epoch:rows:seats_per_row:generation"
-- KEYS[2] bitmap    2 bits a seat, the first seat in the highest bits of the first byte
-- KEYS[3] stats     hash: subsection -> "available,reserved,sold,blocked"
-- KEYS[4..] answers hashes, one per day: booking -> "generation:seq:state:seats"
--
-- ARGV[1] commands  msgpack: { { kind, day, booking, epoch, seq, late, quantity, seats }, ... }; `day`
--                   counts the answers hashes from 1; the last three are for reserves only, `seats`
--                   is { row, seat, row, seat, ... } and empty for best available
-- ARGV[2] the subsection's field in the stats
-- ARGV[3] how many seconds an answers hash is kept
--
-- Returns { seats_per_row, "word:seats", ... }: one entry per command, seats as indexes from 0. The
-- word is reserved, released, finalized, stale or the reason of a refusal.
--
-- It runs inside MULTI/EXEC: a script alone is not atomic across a crash on every server. Writes
-- cost a disk synchronisation each, so there are few, however many commands it decides.

local AVAILABLE, RESERVED, SOLD = 0, 1, 2
local UNITS = { 64, 16, 4, 1 }
local FREE_SEAT, TAKEN_SEAT = 'o', 'x'
local LARGEST_BLOCK = 10
-- Matches a byte in which at least one seat is available: each of the others has four pairs of bits
-- that are not 00, so both of its halves are one of 5-7, 9-B, D-F.
local BYTE_WITH_ROOM = '[^\085-\087\089-\091%]%^\095\101-\103\105-\107\109-\111\117-\119\121-\123\125-\127'
  .. '\149-\151\153-\155\157-\159\165-\167\169-\171\173-\175\181-\183\185-\187\189-\191'
  .. '\213-\215\217-\219\221-\223\229-\231\233-\235\237-\239\245-\247\249-\251\253-\255]'
-- The Lua stack takes 8000 values in one call, and a booking is a field and a value.
local BOOKINGS_PER_CALL_MAX = 3500

local floor, find, sub = math.floor, string.find, string.sub

local layout_key, bitmap_key, stats_key = KEYS[1], KEYS[2], KEYS[3]
local commands = cmsgpack.unpack(ARGV[1])

local function command_of(fields)
  return {
    kind = fields[1], day = fields[2], booking = fields[3], epoch = fields[4], seq = fields[5],
    late = fields[6], quantity = fields[7], seats = fields[8],
  }
end

---------------------------------------------------------------- the subsection as it stands

local layout = redis.call('GET', layout_key) or ''
local epoch, rows, width, generation = string.match(layout, '^(%d+):(%d+):(%d+):(%x+)$')
epoch, rows, width = tonumber(epoch), tonumber(rows), tonumber(width)
local bitmap = epoch and redis.call('GET', bitmap_key) or ''

-- A layout without its bitmap is a damaged store; like a wiped one it must not pass for an empty hall.
if not epoch or #bitmap ~= floor((rows * width + 3) / 4) then
  local answers = { 0 }
  for at = 1, #commands do answers[at + 1] = 'stale:' end
  return answers
end

local bytes = { string.byte(bitmap, 1, -1) }
local seats_changed, seats_released = false, false
local free -- how many seats are available; counted when first needed
local row_texts = {} -- row from 0 -> one character a seat
local front = {} -- block size -> no row before this one has room for such a block
local blocks = {} -- block size -> that many free seats
for size = 1, LARGEST_BLOCK do
  front[size] = size > width and rows or 0
  blocks[size] = string.rep(FREE_SEAT, size)
end

local function count_states()
  local times = {}
  for at = 1, #bytes do
    local byte = bytes[at]
    times[byte] = (times[byte] or 0) + 1
  end
  local count = { [0] = 0, 0, 0, 0 }
  for byte, n in pairs(times) do
    for _, unit in ipairs(UNITS) do
      local state = floor(byte / unit) % 4
      count[state] = count[state] + n
    end
  end
  -- The bits that fill up the last byte look like available seats.
  count[AVAILABLE] = count[AVAILABLE] - (#bytes * 4 - rows * width)
  return count
end

local function state_at(index)
  return floor(bytes[floor(index / 4) + 1] / UNITS[index % 4 + 1]) % 4
end

local function set_state(index, state)
  local at, unit = floor(index / 4) + 1, UNITS[index % 4 + 1]
  local before = floor(bytes[at] / unit) % 4
  bytes[at] = bytes[at] + (state - before) * unit
  seats_changed = true
  local row = floor(index / width)
  row_texts[row] = nil
  if state == AVAILABLE then
    seats_released = true
    for size = 1, LARGEST_BLOCK do
      if front[size] > row then front[size] = row end
    end
  end
  if free then
    free = free + (state == AVAILABLE and 1 or 0) - (before == AVAILABLE and 1 or 0)
  end
end

---------------------------------------------------------------- best available

-- One character of the bitmap -> its four seats as characters; filled as they are met.
local quads = setmetatable({}, {
  __index = function(known, packed)
    local byte, text = string.byte(packed), ''
    for _, unit in ipairs(UNITS) do
      text = text .. (floor(byte / unit) % 4 == AVAILABLE and FREE_SEAT or TAKEN_SEAT)
    end
    known[packed] = text
    return text
  end,
})

local function row_text(row)
  local text = row_texts[row]
  if not text then
    local first = row * width
    local from, upto = floor(first / 4), floor((first + width - 1) / 4)
    text = string.gsub(string.char(unpack(bytes, from + 1, upto + 1)), '.', quads)
    text = sub(text, first - from * 4 + 1, first - from * 4 + width)
    row_texts[row] = text
  end
  return text
end

-- The bitmap as it was read shows too many seats free, but never too few unless one was released.
local function skip_full_rows(row)
  if seats_released or row_texts[row] or row >= rows then return row end
  local at = find(bitmap, BYTE_WITH_ROOM, floor(row * width / 4) + 1)
  return at and math.max(row, floor((at - 1) * 4 / width)) or rows
end

local function front_row(size)
  local row, block = skip_full_rows(front[size]), blocks[size]
  while row < rows and not find(row_text(row), block, 1, true) do
    row = skip_full_rows(row + 1)
  end
  front[size] = row
  return row < rows and row or nil
end

-- A block put at the left end of a free run leaves its remainder at the right: a lone seat exactly
-- when the run is longer by one, and then no place in that run is better.
local function best_place(text, size)
  local second_best
  local from = find(text, blocks[size], 1, true)
  while from do
    local after = find(text, TAKEN_SEAT, from + size, true) or width + 1
    if after - from ~= size + 1 then return from end
    second_best = second_best or from
    from = find(text, blocks[size], after + 1, true)
  end
  return second_best
end

local function largest_block(quantity)
  for size = quantity, 1, -1 do
    local row = front_row(size)
    if row then return row, size end
  end
end

local function choose_best(quantity)
  -- One row with room for all is proof enough; only otherwise do the free seats have to be counted.
  if not front_row(quantity) then
    free = free or count_states()[AVAILABLE]
    if free < quantity then return nil end
  end
  local chosen = {}
  while #chosen < quantity do
    local row, size = largest_block(quantity - #chosen)
    local text = row_text(row)
    local place = best_place(text, size)
    for index = row * width + place - 1, row * width + place + size - 2 do
      set_state(index, RESERVED)
      chosen[#chosen + 1] = index
    end
    row_texts[row] = sub(text, 1, place - 1) .. string.rep(TAKEN_SEAT, size) .. sub(text, place + size)
  end
  table.sort(chosen)
  return chosen
end

---------------------------------------------------------------- seats asked for by name

local function choose_named(seats)
  local chosen, taken = {}, {}
  for at = 1, #seats, 2 do
    local row, seat = seats[at], seats[at + 1]
    if row < 1 or row > rows or seat < 1 or seat > width then
      return nil, 'seat_out_of_range', {}
    end
    local index = (row - 1) * width + seat - 1
    chosen[#chosen + 1] = index
    if state_at(index) ~= AVAILABLE then taken[#taken + 1] = index end
  end
  if #taken > 0 then
    table.sort(taken)
    return nil, 'seat_conflict', taken
  end
  for _, index in ipairs(chosen) do set_state(index, RESERVED) end
  table.sort(chosen)
  return chosen
end

---------------------------------------------------------------- what each booking was answered

local answers = {} -- day -> booking -> what stands
local unsaved = {} -- day -> the bookings with a new answer

local function load_answers(day, bookings)
  local key = KEYS[3 + day]
  for from = 1, #bookings, BOOKINGS_PER_CALL_MAX do
    local upto = math.min(from + BOOKINGS_PER_CALL_MAX - 1, #bookings)
    local values = redis.call('HMGET', key, unpack(bookings, from, upto))
    for at = from, upto do
      local value = values[at - from + 1]
      if value then
        local made_in, seq, state, seats = string.match(value, '^(%x+):(%d+):([a-z_]+):(.*)$')
        -- An answer of an earlier generation speaks of seats that an installation has replaced.
        if made_in == generation then
          answers[day][bookings[at]] = { seq = tonumber(seq), state = state, seats = seats }
        end
      end
    end
  end
end

local function answer(command, state, seats)
  local bookings = unsaved[command.day]
  local standing = answers[command.day][command.booking]
  if not (standing and standing.unsaved) then bookings[#bookings + 1] = command.booking end
  answers[command.day][command.booking] = {
    seq = command.seq, state = state, seats = seats, unsaved = true,
  }
end

local function save_answers(day, bookings)
  local key = KEYS[3 + day]
  -- Before the write: afterwards a new key could not be told from one without an end.
  local endless = redis.call('TTL', key) < 0
  for from = 1, #bookings, BOOKINGS_PER_CALL_MAX do
    local fields = {}
    for at = from, math.min(from + BOOKINGS_PER_CALL_MAX - 1, #bookings) do
      local given = answers[day][bookings[at]]
      fields[#fields + 1] = bookings[at]
      fields[#fields + 1] = generation .. ':' .. given.seq .. ':' .. given.state .. ':' .. given.seats
    end
    redis.call('HSET', key, unpack(fields))
  end
  if endless then redis.call('EXPIRE', key, ARGV[3]) end
end

---------------------------------------------------------------- the commands

local function holds_seats(standing)
  return standing.state == 'held' or standing.state == 'sold'
end

local function mark(seats, state)
  for index in string.gmatch(seats, '%d+') do set_state(tonumber(index), state) end
end

local function reserve(command, standing)
  if standing then
    -- Only the ledger makes numbers: a newer one, or a release, has overtaken this reserve.
    if command.seq < standing.seq then return 'withdrawn:' end
    if holds_seats(standing) then
      if command.seq > standing.seq then answer(command, standing.state, standing.seats) end
      return 'reserved:' .. standing.seats
    end
    if command.seq == standing.seq then
      return standing.state == 'released' and 'withdrawn:' or standing.state .. ':' .. standing.seats
    end
  end
  if command.late then
    answer(command, 'too_late', '')
    return 'too_late:'
  end
  local chosen, reason, conflicts
  if command.kind == 'manual' then
    chosen, reason, conflicts = choose_named(command.seats)
  else
    chosen, reason, conflicts = choose_best(command.quantity), 'sold_out', {}
  end
  if chosen then
    local seats = table.concat(chosen, ',')
    answer(command, 'held', seats)
    return 'reserved:' .. seats
  end
  local seats = table.concat(conflicts, ',')
  answer(command, reason, seats)
  return reason .. ':' .. seats
end

local function release(command, standing)
  local overtaken = standing and command.seq < standing.seq
  local repeated = standing and standing.state == 'released' and command.seq == standing.seq
  if not (overtaken or repeated) then
    if standing and holds_seats(standing) then mark(standing.seats, AVAILABLE) end
    answer(command, 'released', '')
  end
  return 'released:'
end

local function finalize(command, standing)
  if standing and command.seq < standing.seq then return 'finalized:' end
  if not (standing and holds_seats(standing)) then return 'stale:' end
  if standing.state == 'held' then mark(standing.seats, SOLD) end
  if standing.state == 'held' or command.seq > standing.seq then
    answer(command, 'sold', standing.seats)
  end
  return 'finalized:'
end

local DECIDE = {
  manual = reserve, best_available = reserve, release = release, finalize = finalize,
}

---------------------------------------------------------------- the run

local bookings_of = {} -- day -> bookings
for day = 1, #KEYS - 3 do
  answers[day], unsaved[day], bookings_of[day] = {}, {}, {}
end
for at, fields in ipairs(commands) do
  local command = command_of(fields)
  commands[at] = command
  local bookings = bookings_of[command.day]
  bookings[#bookings + 1] = command.booking
end
for day, bookings in ipairs(bookings_of) do load_answers(day, bookings) end

local replies = { width }
for at, command in ipairs(commands) do
  replies[at + 1] = command.epoch ~= epoch and 'stale:'
    or DECIDE[command.kind](command, answers[command.day][command.booking])
end

-- The bitmap first: should a later write fail, a seat stays taken that nobody holds. The other way
-- round somebody would hold a seat that is on offer.
if seats_changed then redis.call('SET', bitmap_key, string.char(unpack(bytes))) end
for day, bookings in ipairs(unsaved) do
  if #bookings > 0 then save_answers(day, bookings) end
end
if seats_changed then
  local count = count_states()
  redis.call('HSET', stats_key, ARGV[2], table.concat({ count[0], count[1], count[2], count[3] }, ','))
end
return replies
