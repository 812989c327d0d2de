-- The first part of the script that decides: a working copy of a subsection's seats, and how seats
-- are chosen in it. What the script is for stands in the last part, apply_seat_commands.lua. The
-- parts are one chunk, so what is local here is seen there.

local AVAILABLE, RESERVED, SOLD = 0, 1, 2
local UNITS = { 64, 16, 4, 1 }
local FREE_SEAT, TAKEN_SEAT = 'o', 'x'
local LARGEST_BLOCK = 10
-- Matches a byte in which at least one seat is available: each of the others has four pairs of bits
-- that are not 00, so both of its halves are one of 5-7, 9-B, D-F.
local BYTE_WITH_ROOM = '[^'
  .. '\085-\087\089-\091%]%^\095\101-\103\105-\107\109-\111\117-\119\121-\123\125-\127'
  .. '\149-\151\153-\155\157-\159\165-\167\169-\171\173-\175\181-\183\185-\187\189-\191'
  .. '\213-\215\217-\219\221-\223\229-\231\233-\235\237-\239\245-\247\249-\251\253-\255'
  .. ']'

local floor, find, sub = math.floor, string.find, string.sub

---------------------------------------------------------------- the subsection as it stands

local layout = redis.call('GET', KEYS[1]) or ''
local epoch, rows, width, generation = string.match(layout, '^(%d+):(%d+):(%d+):(%x+)$')
epoch, rows, width = tonumber(epoch), tonumber(rows), tonumber(width)
local bitmap = epoch and redis.call('GET', KEYS[2]) or ''
-- A layout without its bitmap is a damaged store: like a wiped one it has no epoch, so that it does
-- not pass for an empty hall.
if not epoch or #bitmap ~= floor((rows * width + 3) / 4) then
  bitmap, epoch, rows, width, generation = '', nil, 0, 0, ''
end

local bytes = { string.byte(bitmap, 1, -1) }
local seats_changed, release_count = false, 0
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
    release_count = release_count + 1
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
  if release_count > 0 or row_texts[row] or row >= rows then return row end
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
  -- A row with room for all is proof enough; only without one are the free seats counted.
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
    local taken = string.rep(TAKEN_SEAT, size)
    row_texts[row] = sub(text, 1, place - 1) .. taken .. sub(text, place + size)
  end
  table.sort(chosen)
  return chosen
end

---------------------------------------------------------------- seats asked for by name

-- `judge`, where there is one, tells of seats that are free which others they may not leave alone.
local function choose_named(seats, judge)
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
  table.sort(chosen)
  local singles = judge and judge(chosen)
  if singles then return nil, 'orphan_seat', singles end
  for _, index in ipairs(chosen) do set_state(index, RESERVED) end
  return chosen
end
