-- Memory that is kept, made at marked lines. A line that ends with an arrow holds at least 100 KiB,
-- called by the lines whose names follow, the outermost first; with a question mark, by whichever.
-- A line that ends with an equals sign has the name that follows.
local keep = {}
local function hold(what) keep[#keep + 1] = what end
local N = 4000 -- empty tables: 56 bytes each
local function big(letter) return string.rep(letter, 300000) end --> ?

-- Tables are made without the interpreter's writing down where it stands.
local function tables()
  local all = table.pack()
  for i = 1, N do
    local a = {} --> tables
    local b
    if i % 2 == 0 then
      b = {} --> tables
    else
      b = {} --> tables
    end
    local c, d = { a }, { --> tables
      b,
      x = c,
    }
    goto next
    d = {}
    ::next::
    all[i] = { c, d } --> tables
  end
  return all
end
hold(tables()) --= tables

local function constructors()
  local x = {}
  local y = { x, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24 }
  local z = { table.unpack(y) }
  for i = 1, 4000 do
    x[i] = { --> constructors
      table.unpack(y),
      1,
      table.unpack(z),
    }
    z = {}
  end
  return x
end
hold(constructors()) --= constructors

-- Closures, methods, and functions that nobody named.
local account = {}
account.__index = account
function account.new() return setmetatable({ log = {} }, account) end --> accounts method
function account:deposit(n)
  for i = 1, n do self.log[i] = { i } end --> accounts method-in
end
local function accounts()
  local a = {}
  for i = 1, N do a[i] = account.new() end --= method
  a[1]:deposit(N) --= method-in
  return a
end
hold(accounts()) --= accounts

local function counter()
  local n = 0
  return function()
    n = n + 1
    return { n } --> counter
  end
end
local count = counter()
local counted = {}
for i = 1, N do
  counted[i] = count() --= counter
end

-- Tail calls: the caller is gone.
local function last(letter) return big(letter) end
hold(last("t"))

-- Metamethods.
local meta = setmetatable({}, {
  __index = function(_, key) return string.rep(key, 300000) .. "i" end, --> index
  __concat = function(a, b) return string.rep("c", 300001) .. "." end, --> concat
  __call = function(self, n) return string.rep("d", n) .. "." end, --> called
  __lt = function(a, b) hold(string.rep("l", 300002) .. ".") return true end, --> less
})
hold(meta.k) --= index
hold(meta .. "x") --= concat
hold(meta(300003)) --= called
assert(meta < meta) --= less

-- Errors.
local function fails(letter)
  hold(string.rep(letter, 300004) .. ".") --> fails
  error({ string.rep(letter, 300005) .. "." }) --> fails
end
local ok, message = pcall(fails, "e") --= fails
hold(message)
hold(string.rep("a", 300006) .. ".") -->
ok, message = xpcall(fails, function(m) hold(string.rep("h", 300007) .. ".") return m end, "f") --> ?
local closed = setmetatable({}, { __close = function() hold(string.rep("z", 300008) .. ".") end }) --> closing
local function closing()
  local it <close> = closed
  error("closing")
end
pcall(closing) --= closing

-- Functions in C that call back.
hold((string.gsub("ab", "%w", function(c) return string.rep(c, 300009) .. "." end))) --> ?
local names = {}
for i = 1, 8 do names[i] = i * 7 % 8 end
local sorted = {}
table.sort(names, function(a, b) --= sort
  sorted[#sorted + 1] = string.rep("s", 50000 + a * 8 + b) .. "." --> sort
  return a < b
end)
hold(load("local n = ...\nreturn string.rep('q', n) .. '.'"))
local loaded = keep[#keep]
hold(loaded(300010))

-- Coroutines.
local function producer(letter)
  for i = 1, 3 do
    local made = string.rep(letter, 300010 + i) .. "." --> first-resume
    coroutine.yield(made)
    hold(string.rep(letter, 400010 + i) .. ".") --> resumed inner later-resume
  end
end
local one = coroutine.create(producer)
local _, made = coroutine.resume(one, "1") --= first-resume
hold(made)
local function resume_inside()
  local inner = coroutine.wrap(function()
    coroutine.resume(one) --= later-resume
  end)
  inner() --= inner
end
resume_inside() --= resumed
for piece in coroutine.wrap(function() --= generator
  for i = 1, 3 do
    pcall(coroutine.yield, string.rep("g", 300020 + i) .. ".") --> generator
  end
end) do
  hold(piece)
end
local dead = coroutine.create(function() hold(string.rep("k", 300030) .. ".") error("dead") end) --> dead
coroutine.resume(dead) --= dead
hold(string.rep("b", 300031) .. ".") -->
local outer = coroutine.wrap(function()
  local inner = coroutine.wrap(function()
    coroutine.yield(string.rep("n", 300032) .. ".") --> nested-outer nested-inner
    return string.rep("m", 300033) .. "." --> nested-outer-2 nested-inner-2
  end)
  local x = inner() --= nested-inner
  coroutine.yield(x)
  coroutine.yield(inner()) --= nested-inner-2
end)
hold(outer()) --= nested-outer
hold(outer()) --= nested-outer-2

-- Less deep on the machine's stack than what was looked at last.
local function far_down(letter)
  return (string.gsub("a", "a", function() return string.gsub("b", "b", function() return string.rep(letter, 99) end) end))
end
local shallow = coroutine.create(function(letter)
  hold(string.rep(letter, 300060) .. ".") --> shallow
end)
far_down("!")
coroutine.resume(shallow, "u") --= shallow

-- The same functions in C, by turns in a coroutine and around it.
local by_turns = coroutine.wrap(function()
  while true do
    hold(string.rep("1", 3000)) --> turn
    coroutine.yield()
  end
end)
for _ = 1, 200 do
  by_turns() --= turn
  hold(string.rep("2", 3000)) -->
end

-- Hooks, varargs, deep recursion.
debug.sethook(function()
  debug.sethook()
  hold(string.rep("o", 300040) .. ".") --> ?
end, "", 1)
local function various(...)
  local n = select("#", ...)
  return { string.rep("v", 300041 + n) .. ".", ... } --> various
end
hold(various(1, 2, 3)) --= various
local function deep(n)
  if n == 0 then return string.rep("w", 300050) .. "." end --> ?
  return (deep(n - 1))
end
hold(deep(2000))
print(#keep, #sorted > 0, collectgarbage("count") > 10000)
