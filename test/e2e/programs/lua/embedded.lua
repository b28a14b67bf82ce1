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
