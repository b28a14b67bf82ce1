-- Two libraries of others: Penlight's parser reads its own source, and dkjson writes what it found, and
-- reads that again.
local lexer = require("pl.lexer")
local json = require("dkjson")

local kept, count = {}, 0
for _, name in ipairs({ "List", "lexer", "stringx", "tablex", "template", "xml" }) do
  local file = assert(io.open(assert(package.searchpath("pl." .. name, package.path))))
  local tokens = {}
  for kind, text in lexer.lua(file:read("a"), {}, {}) do
    tokens[#tokens + 1] = { kind = kind, text = tostring(text) }
  end
  file:close()
  count = count + #tokens
  kept[name] = json.decode(json.encode(tokens))
  assert(#kept[name] == #tokens)
end
print(count > 10000, json.encode(kept.List[1], { keyorder = { "kind", "text" } }))
