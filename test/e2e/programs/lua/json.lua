-- A JSON library of realistic shape: a reader by recursive descent, a writer with buffers, errors with
-- places, and an incremental reader that is a coroutine.
local json = { null = setmetatable({}, { __tostring = function() return "null" end }) }

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }
local written = { ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local reader = {}
reader.__index = reader

function reader.new(text) return setmetatable({ text = text, at = 1, depth = 0 }, reader) end

function reader:fail(message)
  local line, column = 1, 1
  for i = 1, math.min(self.at - 1, #self.text) do
    if self.text:byte(i) == 10 then line, column = line + 1, 1 else column = column + 1 end
  end
  error({ message = message, line = line, column = column }, 0)
end

function reader:skip() self.at = self.text:find("[^ \t\r\n]", self.at) or #self.text + 1 end

function reader:expect(letter)
  self:skip()
  if self.text:sub(self.at, self.at) ~= letter then self:fail("expected '" .. letter .. "'") end
  self.at = self.at + 1
end

function reader:string()
  self:expect('"')
  local parts = {}
  while true do
    local stop = self.text:find('["\\\0-\31]', self.at)
    if not stop then self:fail("unfinished string") end
    parts[#parts + 1] = self.text:sub(self.at, stop - 1)
    local letter = self.text:sub(stop, stop)
    self.at = stop + 1
    if letter == '"' then return table.concat(parts) end
    if letter ~= "\\" then self:fail("control character in string") end
    local code = self.text:sub(self.at, self.at)
    self.at = self.at + 1
    if code == "u" then
      local digits = self.text:match("^%x%x%x%x", self.at) or self:fail("bad \\u")
      self.at = self.at + 4
      local point = tonumber(digits, 16)
      if point >= 0xd800 and point < 0xdc00 then
        local low = self.text:match("^\\u(%x%x%x%x)", self.at) or self:fail("lone surrogate")
        self.at = self.at + 6
        point = 0x10000 + (point - 0xd800) * 0x400 + tonumber(low, 16) - 0xdc00
      end
      parts[#parts + 1] = utf8.char(point)
    else
      parts[#parts + 1] = escapes[code] or self:fail("bad escape")
    end
  end
end

function reader:number()
  local text = self.text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", self.at) or self:fail("expected a value")
  local number = tonumber(text)
  if not number or text:match("^-?0%d") then self:fail("bad number") end
  self.at = self.at + #text
  return number
end

function reader:members(close, member)
  self.depth = self.depth + 1
  if self.depth > 200 then self:fail("too deep") end
  self.at = self.at + 1
  self:skip()
  if self.text:sub(self.at, self.at) ~= close then
    repeat
      member()
      self:skip()
      local letter = self.text:sub(self.at, self.at)
      self.at = self.at + 1
      if letter ~= "," and letter ~= close then
        self.at = self.at - 1
        self:fail("expected ',' or '" .. close .. "'")
      end
    until letter == close
  else
    self.at = self.at + 1
  end
  self.depth = self.depth - 1
end

local words = { ["true"] = true, ["false"] = false, ["null"] = json.null }

function reader:value()
  self:skip()
  local letter = self.text:sub(self.at, self.at)
  if letter == "{" then
    local object = {}
    self:members("}", function()
      local key = (self:skip() or self):string()
      self:expect(":")
      object[key] = self:value()
    end)
    return object
  elseif letter == "[" then
    local array = {}
    self:members("]", function() array[#array + 1] = self:value() end)
    return array
  elseif letter == '"' then
    return self:string()
  end
  local word = self.text:match("^%a+", self.at)
  if word and words[word] ~= nil then
    self.at = self.at + #word
    return words[word]
  end
  return self:number()
end

function json.decode(text)
  local from = reader.new(text)
  local value = from:value()
  from:skip()
  if from.at <= #text then from:fail("something follows the value") end
  return value
end

local function write(value, out)
  local kind = type(value)
  if value == json.null then
    out[#out + 1] = "null"
  elseif kind == "table" then
    if #value > 0 or next(value) == nil then
      out[#out + 1] = "["
      for i, each in ipairs(value) do
        if i > 1 then out[#out + 1] = "," end
        write(each, out)
      end
      out[#out + 1] = "]"
    else
      local keys = {}
      for key in pairs(value) do keys[#keys + 1] = key end
      table.sort(keys)
      for i, key in ipairs(keys) do
        out[#out + 1] = (i == 1 and "{" or ",") .. string.format("%q", key):gsub("\\\n", "\\n") .. ":"
        write(value[key], out)
      end
      out[#out + 1] = "}"
    end
  elseif kind == "string" then
    out[#out + 1] = '"' .. value:gsub('[%c"\\]', function(c) return written[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
  else
    out[#out + 1] = tostring(value)
  end
end

function json.encode(value)
  local out = {}
  write(value, out)
  return table.concat(out)
end

-- The values of a text of many lines, one by one.
function json.lines(text)
  return coroutine.wrap(function()
    for line in text:gmatch("[^\n]+") do coroutine.yield(json.decode(line)) end
  end)
end

-- ---- the tests ----

local passed = 0
local function check(condition, what)
  if not condition then error("failed: " .. what, 2) end
  passed = passed + 1
end

for text, expected in pairs({
  ["[]"] = "[]", ["[1, 2.5 ,-3e2]"] = "[1,2.5,-300.0]", ['{"b":1, "a":[true,false,null]}'] = '{"a":[true,false,null],"b":1}',
  ['"\\u00e9\\ud83d\\ude00\\n"'] = '"é😀\\n"', ['  "x"  '] = '"x"', ["[[[[]]]]"] = "[[[[]]]]",
}) do
  check(json.encode(json.decode(text)) == expected, text .. " -> " .. json.encode(json.decode(text)))
end
local failures = {}
for _, text in ipairs({ "[1,", '{"a" 1}', '"open', "01", "[1 2]", "nul", '"\\q"', "[1] 2", ("["):rep(300), "{\n  \"a\":\n  ?}" }) do
  local ok, problem = pcall(json.decode, text)
  check(not ok, text)
  failures[#failures + 1] = ("%d:%d %s"):format(problem.line, problem.column, problem.message)
end
print(table.concat(failures, "\n"))

local records = {}
for i = 1, 2000 do
  records[i] = json.encode({ id = i, name = "record " .. i, tags = { "a", "b", i % 7 }, nested = { deep = { value = i / 4 } } })
end
local total, decoded = 0, {}
for record in json.lines(table.concat(records, "\n")) do
  total = total + record.nested.deep.value
  decoded[#decoded + 1] = record
end
check(total == 500250.0, "the sum is " .. total)
check(#json.encode(decoded) == #table.concat(records, ",") + 2, "all comes back")
print(passed, total, #decoded)
