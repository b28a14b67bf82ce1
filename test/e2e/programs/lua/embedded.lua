-- What embeds_lua.c calls. Marks are those of lines.lua.
kept = {}
local function keep(letter) kept[#kept + 1] = string.rep(letter, 300000) .. "." end --> ?
function unprotected()
  for i = 1, 4000 do
    kept[i] = { i } --> ?
  end
end
function scheduled()
  coroutine.yield()
  keep("s") --= scheduled
  coroutine.yield()
end
function inside()
  keep("i") --= inside
end
function nests()
  nested() --= nests
end
function first() keep("1") end --= first
function second() keep("2") end --= second
function given() keep("g") end --= given
function adds() kept[#kept + 1] = string.rep("a", 3000) end --> own
function adds_too() kept[#kept + 1] = string.rep("b", 3000) end --> another
function alternates()
  for _ = 1, 200 do
    for _ = 1, 2 do calls_either(false) end --= own
    calls_either(true) --= another
  end
end
