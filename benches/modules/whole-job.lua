-- The whole job: what a client claims is removed in any spelling, for which all names have to be looked at.

local OURS = {
  ["c-tenancy"] = true, ["x-override"] = true, ["correlation-context"] = true, ["jaeger-baggage"] = true,
  ["ot-baggage-tenant"] = true, ["uberctx-tenant"] = true,
}

-- Envoy has made names lower case, and few hold anything else that is to be brought into one form.
local function is_ours(name)
  return OURS[name] or name:find("[^%w%-]", 2) and OURS[(name:gsub("[^%w]", "-"))]
end

local function joined(lines, line)
  return lines and lines .. "," .. line or line
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local overrides, baggage, authority, gone
  for name, value in pairs(headers) do
    if name == "baggage" then
      baggage = joined(baggage, value)
    elseif name == "x-override" then
      overrides = joined(overrides, value)
    elseif name == ":authority" then
      authority = value
    elseif is_ours(name) then
      -- Envoy lets nobody change a map that is walked.
      gone = gone or {}
      gone[#gone + 1] = name
    end
  end
  for _, name in ipairs(gone or {}) do
    headers:remove(name)
  end
  decide(headers, tenant_of(authority or ""), overrides, baggage)
end
